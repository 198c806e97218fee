// Command compare says how known.json differs from newer files of the service
// authorization reference
// (https://docs.aws.amazon.com/service-authorization/latest/reference/service-reference.html).
// It reads files only and changes nothing. Its exit status is 0 if they agree,
// 1 if they differ, and 2 if a file could not be compared.
package main

import (
	"errors"
	"fmt"
	"os"

	"sespolicy/shared/policy/known"
)

func main() {
	lines, err := run(os.Args[1:])
	for _, line := range lines {
		fmt.Println(line)
	}
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	case len(lines) > 0:
		os.Exit(1)
	}
	fmt.Printf("the list of %s agrees\n", known.Get().Date)
}

// run returns the differences.
func run(files []string) ([]string, error) {
	if len(files) == 0 {
		return nil, errors.New("no file was given, expected the JSON of the service authorization reference for ses")
	}
	var lines []string
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		found, err := known.Compare(known.Get(), source)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		lines = append(lines, found...)
	}
	return lines, nil
}
