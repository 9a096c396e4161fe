package main

import (
	"os"
	"path/filepath"
	"testing"
)

// createFiles creates files in a temporary directory, and returns the directory.
func createFiles(t *testing.T, content map[string]string) string {
	t.Helper()
	directory := t.TempDir()
	for name, text := range content {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return directory
}

func TestLeaveRootCgroup(t *testing.T) {
	v1 := createFiles(t, nil)
	if err := leaveRootCgroup(v1); err != nil {
		t.Error(err)
	}
	if entries, _ := os.ReadDir(v1); len(entries) != 0 {
		t.Errorf("expected no change with cgroup v1, seen %v", entries)
	}

	v2 := createFiles(t, map[string]string{"cgroup.controllers": "cpu memory pids\n", "cgroup.procs": "42\n", "cgroup.subtree_control": ""})
	if err := leaveRootCgroup(v2); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"init/cgroup.procs": "42", "cgroup.subtree_control": "+cpu +memory +pids"} {
		if content, err := os.ReadFile(filepath.Join(v2, name)); string(content) != want {
			t.Errorf("expected %q in %s, seen %q (%v)", want, name, content, err)
		}
	}
}

func TestChooseIptables(t *testing.T) {
	for name, test := range map[string]struct{ tables, nft, want string }{
		"no table yet":           {"", "exit 0", "xtables-nft-multi"},
		"Docker uses legacy":     {"nat\nfilter\n", "exit 0", "xtables-legacy-multi"},
		"kernel without nft":     {"", "echo no; exit 1", "xtables-legacy-multi"},
		"only the legacy filter": {"filter\n", "exit 0", "xtables-nft-multi"},
	} {
		t.Run(name, func(t *testing.T) {
			directory := createFiles(t, map[string]string{"xtables-nft-multi": "#!/bin/sh\n" + test.nft, "iptables": "link of an earlier start", "names": test.tables})
			if err := chooseIptables(directory, filepath.Join(directory, "names")); err != nil {
				t.Fatal(err)
			}
			for _, program := range []string{"iptables", "ip6tables-restore"} {
				if got, err := os.Readlink(filepath.Join(directory, program)); got != test.want {
					t.Errorf("expected a link from %s to %s, seen %q (%v)", program, test.want, got, err)
				}
			}
		})
	}
}

func TestFirstAddressWithoutInterfaces(t *testing.T) {
	if address, err := firstAddress(nil); err == nil {
		t.Errorf("expected an error without interfaces, seen %s", address)
	}
}
