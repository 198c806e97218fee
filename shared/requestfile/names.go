package requestfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// endings are the endings of the files that a folder stands for.
var endings = slices.Concat([]string{".json"}, lineEndings, yamlEndings)

// Names are the files that a name means: itself, or, of a folder, its .json,
// .ndjson, .jsonl, .yaml and .yml files and those of the folders in it, sorted.
// Folders and files whose names start with a dot are left out, and so are JSON
// Schemas (.schema.json). A folder that has none is an error.
func Names(name string) ([]string, error) {
	if !isFolder(name) {
		return []string{name}, nil // reading it says what is wrong with it
	}
	var files []string
	err := filepath.WalkDir(name+string(filepath.Separator), func(path string, entry fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(entry.Name(), ".") && filepath.Clean(path) != filepath.Clean(name)
		switch {
		case err != nil:
			return err
		case hidden && entry.IsDir():
			return filepath.SkipDir
		case hidden || entry.IsDir() || strings.HasSuffix(path, ".schema.json"):
		case slices.Contains(endings, strings.ToLower(filepath.Ext(path))):
			files = append(files, filepath.Clean(path))
		}
		return nil
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("folder %s has no .json, .ndjson, .jsonl, .yaml or .yml files", name)
	}
	slices.Sort(files)
	return files, err
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
