package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// file is an entry of an archive.
type file struct {
	name, path string
	mode       os.FileMode
}

// writeTarGz writes the files into a gzipped tar archive. Owners and the gzip
// header are empty, so that the same files give the same bytes.
func writeTarGz(path string, modified time.Time, files []file) error {
	return write(path, func(out io.Writer) error {
		zipped := gzip.NewWriter(out)
		archive := tar.NewWriter(zipped)
		for _, f := range files {
			content, err := os.ReadFile(f.path)
			if err != nil {
				return err
			}
			header := &tar.Header{Name: f.name, Mode: int64(f.mode), Size: int64(len(content)), ModTime: modified, Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
			if err := archive.WriteHeader(header); err != nil {
				return err
			}
			if _, err := archive.Write(content); err != nil {
				return err
			}
		}
		return errors.Join(archive.Close(), zipped.Close())
	})
}

// writeZip writes the files into a zip archive.
func writeZip(path string, modified time.Time, files []file) error {
	return write(path, func(out io.Writer) error {
		archive := zip.NewWriter(out)
		for _, f := range files {
			content, err := os.ReadFile(f.path)
			if err != nil {
				return err
			}
			header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: modified}
			header.SetMode(f.mode)
			entry, err := archive.CreateHeader(header)
			if err != nil {
				return err
			}
			if _, err := entry.Write(content); err != nil {
				return err
			}
		}
		return archive.Close()
	})
}

// write creates a file, and removes it if its content could not be written.
func write(path string, content func(io.Writer) error) error {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := errors.Join(content(out), out.Close()); err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", path, err), os.Remove(path))
	}
	return nil
}

// writeSums writes SHA256SUMS in the format of sha256sum, for all files of the
// folder, sorted by name.
func writeSums(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	return write(filepath.Join(folder, "SHA256SUMS"), func(out io.Writer) error {
		for _, entry := range entries {
			content, err := os.ReadFile(filepath.Join(folder, entry.Name()))
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(out, "%x  %s\n", sha256.Sum256(content), entry.Name()); err != nil {
				return err
			}
		}
		return nil
	})
}
