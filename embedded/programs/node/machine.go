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

// shareMounts lets mounts that one program makes be seen by the containers of another, which mount propagation of pods
// needs. Docker mounts the root of a container privately.
func shareMounts() error {
	if err := syscall.Mount("", "/", "", syscall.MS_SHARED|syscall.MS_REC, ""); err != nil {
		return fmt.Errorf("the mounts of the node could not be made shared: %w; the container must be privileged, as k3d starts it", err)
	}
	return nil
}

// leaveRootCgroup gives cgroup v2 what the kubelet needs: a root without processes whose controllers are enabled for
// its children. The kernel refuses the second as long as the first does not hold. With cgroup v1 there is nothing to
// do. k3d does the same with a script of its own where it sees v2 (pkg/types/fixes), but only k3d does.
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
		// A process that has ended meanwhile cannot be moved, and need not be.
		if err := write(filepath.Join(root, "init", "cgroup.procs"), process, 0o644); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("process %s could not leave the root cgroup: %w", process, err)
		}
	}
	return write(filepath.Join(root, "cgroup.subtree_control"), enabling(string(controllers)), 0o644)
}

// enabling turns the list of controllers there are into the order to enable them.
func enabling(controllers string) string {
	var order []string
	for _, controller := range strings.Fields(controllers) {
		order = append(order, "+"+controller)
	}
	return strings.Join(order, " ")
}

// chooseIptables links the flavour of iptables this node uses: two in one network namespace hide their rules from one
// another. It is that of Docker, whose rules for its own name server are there already, if Docker's is the older one;
// otherwise nft, unless the kernel lacks it. In an installed Debian update-alternatives makes these links; the image is
// unpacked, not installed.
func chooseIptables(directory, legacyTables string) error {
	flavour := "nft"
	// The kernel lists the tables of the older flavour in use. To ask iptables-legacy would make one.
	tables, _ := os.ReadFile(legacyTables) // a kernel without that flavour has no such file
	if strings.Contains(string(tables), "nat") {
		flavour = "legacy"
	} else if output, err := exec.Command(filepath.Join(directory, "xtables-nft-multi"), "iptables-save").CombinedOutput(); err != nil {
		log.Printf("iptables: legacy, since nft does not work here: %v: %s", err, output)
		flavour = "legacy"
	}
	for _, program := range []string{"iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore"} {
		path := filepath.Join(directory, program)
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s could not be replaced: %w", path, err)
		}
		if err := os.Symlink("xtables-"+flavour+"-multi", path); err != nil {
			return fmt.Errorf("%s could not be linked: %w", path, err)
		}
	}
	return nil
}
