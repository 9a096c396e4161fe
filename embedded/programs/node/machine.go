package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// shareMounts makes the mounts of the container shared, so that a mount of one program propagates to the containers of
// another. Mount propagation of pods needs this. Docker mounts the root of a container as private.
func shareMounts() error {
	if err := syscall.Mount("", "/", "", syscall.MS_SHARED|syscall.MS_REC, ""); err != nil {
		return fmt.Errorf("the mounts of the node could not be made shared: %w; start the container as privileged, as k3d does", err)
	}
	return nil
}

// leaveRootCgroup prepares cgroup v2 for the kubelet: it moves all processes out of the root cgroup and enables the
// controllers for the children of the root. The kernel rejects the second step while the root has processes. With
// cgroup v1 it does nothing. k3d does the same with a script of its own where it detects v2 (pkg/types/fixes), but a
// node that is started without k3d needs it too.
func leaveRootCgroup(root string) error {
	controllers, err := os.ReadFile(filepath.Join(root, "cgroup.controllers"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("the controllers of cgroup v2 could not be read: %w", err)
	}
	processes, err := os.ReadFile(filepath.Join(root, "cgroup.procs"))
	if err != nil {
		return fmt.Errorf("the processes of the root cgroup could not be read: %w", err)
	}
	for _, process := range strings.Fields(string(processes)) {
		// A process that has exited since the listing cannot be moved, and does not need to be.
		if err := writeFile(filepath.Join(root, "init", "cgroup.procs"), process, 0o644); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("process %s could not be moved out of the root cgroup: %w", process, err)
		}
	}
	return writeFile(filepath.Join(root, "cgroup.subtree_control"), subtreeControl(string(controllers)), 0o644)
}

// subtreeControl returns the content of cgroup.subtree_control that enables these controllers.
func subtreeControl(controllers string) string {
	var commands []string
	for _, controller := range strings.Fields(controllers) {
		commands = append(commands, "+"+controller)
	}
	return strings.Join(commands, " ")
}

// chooseIptables links the variant of iptables that this node uses, legacy or nft: with both in one network namespace,
// each hides its rules from the other. It chooses legacy if Docker has used legacy for the rules of its own DNS server,
// which exist before the node starts; otherwise nft, unless the kernel lacks it. In an installed Debian,
// update-alternatives creates these links; the image is unpacked, not installed.
func chooseIptables(directory, legacyTables string) error {
	variant := "nft"
	// The kernel lists the legacy tables in use. Running iptables-legacy instead would create a table.
	tables, _ := os.ReadFile(legacyTables) // a kernel without the legacy variant has no such file
	if strings.Contains(string(tables), "nat") {
		variant = "legacy"
	} else if output, err := exec.Command(filepath.Join(directory, "xtables-nft-multi"), "iptables-save").CombinedOutput(); err != nil {
		log.Printf("iptables: using legacy, because nft does not work on this machine: %v: %s", err, output)
		variant = "legacy"
	}
	for _, program := range []string{"iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore"} {
		path := filepath.Join(directory, program)
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s could not be replaced: %w", path, err)
		}
		if err := os.Symlink("xtables-"+variant+"-multi", path); err != nil {
			return fmt.Errorf("%s could not be linked: %w", path, err)
		}
	}
	return nil
}
