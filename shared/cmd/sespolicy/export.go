package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sespolicy/shared/printout"
)

func newExportCommand() *cobra.Command {
	var flags accountFlags
	var remove bool
	command := &cobra.Command{
		Use:   "export FOLDER",
		Short: "Write the account's policies as request files",
		RunE: func(command *cobra.Command, arguments []string) error {
			v, err := flags.openAccount(command.Context())
			if err != nil {
				return err
			}
			if err := v.read(command.Context(), command.ErrOrStderr(), flags.patterns); err != nil {
				return err
			}
			return v.export(command, arguments[0], remove, len(flags.patterns) > 0)
		},
	}
	flags.register(command)
	flags.registerIdentities(command)
	command.Flags().BoolVar(&remove, "remove", false, "remove the files of policies that are no longer there")
	return command
}

// export writes the files, and names or removes those that are left over. Only
// in a Region that was read as a whole can a file be left over.
func (v *accountView) export(command *cobra.Command, folder string, remove, selected bool) error {
	written, stale := 0, []string{}
	for _, r := range v.regions {
		files := r.Files()
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if err := writeFile(filepath.Join(folder, filepath.FromSlash(name)), files[name]); err != nil {
				return err
			}
			written++
		}
		if selected || len(r.Contents.Failures) > 0 {
			continue
		}
		left, err := leftOver(folder, r.Owner.Region, files)
		if err != nil {
			return err
		}
		stale = append(stale, left...)
	}
	errOut := command.ErrOrStderr()
	_, _ = fmt.Fprintf(errOut, "%s written to %s\n", count(written, "file"), printout.Escape(folder))
	for _, name := range stale {
		if !remove {
			_, _ = fmt.Fprintf(errOut, "%s: this policy is no longer there\n", printout.Escape(name))
			continue
		}
		if err := os.Remove(name); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(errOut, "%s: removed, the policy is no longer there\n", printout.Escape(name))
	}
	if len(stale) > 0 && !remove {
		_, _ = fmt.Fprintln(errOut, "hint: --remove removes these files; sending them puts the policies there again")
	}
	return v.unreadError()
}

// writeFile writes a file and its folders, unless it has that content.
func writeFile(name string, text []byte) error {
	if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, text) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // for version control, no secrets
		return err
	}
	return os.WriteFile(name, text, 0o644) //nolint:gosec // for version control, no secrets
}

// leftOver are the files REGION/IDENTITY/NAME.json of a folder that are not among
// those written.
func leftOver(folder, region string, files map[string][]byte) ([]string, error) {
	found, err := fs.Glob(os.DirFS(folder), strings.Join([]string{region, "*", "*.json"}, "/"))
	if err != nil {
		return nil, errors.Join(errors.New("looking for files that are left over"), err)
	}
	var left []string
	for _, name := range found {
		if _, written := files[name]; !written {
			left = append(left, filepath.Join(folder, filepath.FromSlash(name)))
		}
	}
	return left, nil
}
