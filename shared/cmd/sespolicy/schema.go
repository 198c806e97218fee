package main

import (
	"github.com/spf13/cobra"

	"sespolicy/shared/printout"
	"sespolicy/shared/schema"
)

func newSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of a request, for editors",
		RunE: func(command *cobra.Command, _ []string) error {
			return printout.WriteJSON(command.OutOrStdout(), schema.Request())
		},
	}
}
