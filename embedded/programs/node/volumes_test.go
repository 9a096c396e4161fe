package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestVolumesAreOpenedOnce(t *testing.T) {
	directory := t.TempDir()
	volume := func(name string) string {
		path := filepath.Join(directory, name)
		if err := os.Mkdir(path, 0o750); err != nil {
			t.Fatal(err)
		}
		return path
	}
	expect := func(path string, want os.FileMode) {
		t.Helper()
		found, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := found.Mode().Perm(); got != want {
			t.Errorf("expected %s with the mode %o, seen %o", filepath.Base(path), want, got)
		}
	}
	before := volume("before")
	opener := newVolumeOpener(directory)
	after := volume("after")
	opener.open()
	expect(before, 0o750)
	expect(after, 0o777)
	if err := os.Chmod(after, 0o700); err != nil { // as MySQL does with its own
		t.Fatal(err)
	}
	opener.open()
	expect(after, 0o700)
}
