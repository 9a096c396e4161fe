package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
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

func TestNewVolumesAreBoundToTheNode(t *testing.T) {
	var patched []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			body, _ := io.ReadAll(r.Body)
			patched = append(patched, r.URL.Path+" "+string(body))
		}
		_, _ = io.WriteString(w, `{"items": [
			{"metadata": {"name": "new"}, "spec": {"storageClassName": "local-path"}},
			{"metadata": {"name": "bound"}, "spec": {"storageClassName": "local-path", "nodeAffinity": {"required": {}}}},
			{"metadata": {"name": "other"}, "spec": {"storageClassName": "nfs"}}]}`)
	}))
	defer server.Close()
	(&apiClient{server: server.URL, http: server.Client()}).bindNewVolumes("server-0")
	if len(patched) != 1 || !strings.HasPrefix(patched[0], "/api/v1/persistentvolumes/new ") || !strings.Contains(patched[0], `"values": ["server-0"]`) {
		t.Errorf("expected only the new volume of local-path to be bound to server-0, seen %q", patched)
	}
}
