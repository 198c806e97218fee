package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sespolicy/shared/local/template"
)

// The template of a release has the zip file and the architecture, and is
// otherwise the one that is deployed from source.
func TestPackagedTemplate(t *testing.T) {
	source, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	packaged, err := packagedTemplate(string(source), "apply-policy_1.0_x86_64.zip", "x86_64")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n      CodeUri: apply-policy_1.0_x86_64.zip\n", "\n      Architectures: [x86_64]\n"} {
		if !strings.Contains(packaged, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(packaged, "BuildMethod") {
		t.Error("sam would build it")
	}
	path := filepath.Join(t.TempDir(), "template.yaml")
	if err := os.WriteFile(path, []byte(packaged), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := template.Load(path); err != nil {
		t.Errorf("it cannot be read: %v", err)
	}
	if _, err := packagedTemplate("nothing", "a.zip", "arm64"); err == nil {
		t.Error("a template without the places was accepted")
	}
}

func TestArchivesAreReproducible(t *testing.T) {
	folder := t.TempDir()
	content := filepath.Join(folder, "content")
	modified := time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC)
	pack := map[string]func(string, time.Time, []file) error{"a.zip": writeZip, "a.tar.gz": writeTarGz}
	for name, write := range pack {
		var archives [2][]byte
		for i := range archives {
			if err := os.WriteFile(content, []byte("hello"), 0o600); err != nil { // another modification time, other permissions
				t.Fatal(err)
			}
			path := filepath.Join(folder, name)
			if err := write(path, modified, []file{{"bootstrap", content, 0o755}}); err != nil {
				t.Fatal(err)
			}
			var err error
			if archives[i], err = os.ReadFile(path); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(content, modified, modified); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(archives[0], archives[1]) {
			t.Errorf("%s: the second archive differs", name)
		}
		if got := unpack(t, name, archives[0]); got != "bootstrap -rwxr-xr-x 2026-01-02T03:04:06Z hello" {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

// unpack describes the first entry of an archive.
func unpack(t *testing.T, name string, archive []byte) string {
	t.Helper()
	var info os.FileInfo
	var entry io.Reader
	if strings.HasSuffix(name, ".zip") {
		reader, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
		if err != nil {
			t.Fatal(err)
		}
		opened, err := reader.File[0].Open()
		if err != nil {
			t.Fatal(err)
		}
		info, entry = reader.File[0].FileInfo(), opened
	} else {
		unzipped, err := gzip.NewReader(bytes.NewReader(archive))
		if err != nil {
			t.Fatal(err)
		}
		reader := tar.NewReader(unzipped)
		header, err := reader.Next()
		if err != nil {
			t.Fatal(err)
		}
		info, entry = header.FileInfo(), reader
	}
	text, err := io.ReadAll(entry)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join([]string{info.Name(), info.Mode().String(), info.ModTime().UTC().Format(time.RFC3339), string(text)}, " ")
}

func TestSums(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"b", "a"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeSums(folder); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(folder, "SHA256SUMS"))
	want := "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb  a\n3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d  b\n"
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
}
