// Command compare says how known.json differs from newer files of the service
// authorization reference
// (https://docs.aws.amazon.com/service-authorization/latest/reference/service-reference.html).
// It reads files only and changes nothing. Its exit status is 0 if they agree,
// 1 if they differ, and 2 if a file could not be compared.
package main

import (
	"fmt"
	"io"
	"os"

	"sespolicy/shared/policy/known"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(files []string, out, errs io.Writer) int {
	if len(files) == 0 {
		fmt.Fprintln(errs, "which file? It must be the JSON of the service authorization reference for ses")
		return 2
	}
	status := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			fmt.Fprintln(errs, err)
			return 2
		}
		lines, err := known.Compare(known.Get(), source)
		if err != nil {
			fmt.Fprintf(errs, "%s: %v\n", file, err)
			return 2
		}
		for _, line := range lines {
			fmt.Fprintln(out, line)
			status = 1
		}
	}
	if status == 0 {
		fmt.Fprintf(out, "the list of %s agrees\n", known.Get().Date)
	}
	return status
}
