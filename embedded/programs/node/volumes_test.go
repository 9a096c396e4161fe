package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestNewVolumesAreOpenedOnce(t *testing.T) {
	directory := t.TempDir()
	create := func(name string) string {
		path := filepath.Join(directory, name)
		if err := os.Mkdir(path, 0o750); err != nil {
			t.Fatal(err)
		}
		return path
	}
	expect := func(path string, want os.FileMode) {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("expected the mode %[2]o of %[1]s, seen %[3]o", filepath.Base(path), want, got)
		}
	}
	before := create("before")
	opener := newVolumeOpener(directory)
	after := create("after")
	opener.open()
	expect(before, 0o750)
	expect(after, 0o777)
	if err := os.Chmod(after, 0o700); err != nil { // as MySQL does with its data directory
		t.Fatal(err)
	}
	opener.open()
	expect(after, 0o700)
}
