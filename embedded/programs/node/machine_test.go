package main

import (
	"os"
	"path/filepath"
	"testing"
)

func files(t *testing.T, content map[string]string) string {
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
	v1 := files(t, nil)
	if err := leaveRootCgroup(v1); err != nil {
		t.Error(err)
	}
	if entries, _ := os.ReadDir(v1); len(entries) != 0 {
		t.Errorf("expected cgroup v1 to be left alone, seen %v", entries)
	}

	v2 := files(t, map[string]string{"cgroup.controllers": "cpu memory pids\n", "cgroup.procs": "42\n", "cgroup.subtree_control": ""})
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
		"nothing there yet":      {"", "exit 0", "xtables-nft-multi"},
		"Docker uses legacy":     {"nat\nfilter\n", "exit 0", "xtables-legacy-multi"},
		"a kernel without nft":   {"", "echo no; exit 1", "xtables-legacy-multi"},
		"a legacy filter, empty": {"filter\n", "exit 0", "xtables-nft-multi"},
	} {
		t.Run(name, func(t *testing.T) {
			directory := files(t, map[string]string{"xtables-nft-multi": "#!/bin/sh\n" + test.nft, "iptables": "an earlier link", "names": test.tables})
			if err := chooseIptables(directory, filepath.Join(directory, "names")); err != nil {
				t.Fatal(err)
			}
			for _, program := range []string{"iptables", "ip6tables-restore"} {
				if got, err := os.Readlink(filepath.Join(directory, program)); got != test.want {
					t.Errorf("expected %s to be %s, seen %q (%v)", program, test.want, got, err)
				}
			}
		})
	}
}

func TestAddressIsMissed(t *testing.T) {
	if address, err := firstAddress(nil); err == nil {
		t.Errorf("expected an error without interfaces, seen %s", address)
	}
}
