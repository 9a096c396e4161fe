// Command runc-bounded runs runc on a machine whose capability bounding set lacks CAP_SYS_RESOURCE.
//
// On such a machine a privileged container cannot start ("unable to apply caps: operation not permitted"), because runc
// requests a capability that no process on the machine can have. This program removes the capability from the
// container's specification and then executes runc.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const (
	runc = "/usr/sbin/runc"
	// From linux/capability.h; no other capability was observed to be missing.
	sysResource     = "CAP_SYS_RESOURCE"
	sysResourceBit  = 24
	statusFile      = "/proc/self/status"
	boundingSetLine = "CapBnd:"
)

func main() {
	if err := restrict(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "runc-bounded: %v\n", err)
		os.Exit(1)
	}
	err := syscall.Exec(runc, append([]string{"runc"}, os.Args[1:]...), os.Environ())
	fmt.Fprintf(os.Stderr, "runc-bounded: %s: %v\n", runc, err)
	os.Exit(1)
}

// restrict removes the capability from the specification in the arguments of runc, if the machine lacks it and the
// arguments contain a specification.
func restrict(arguments []string) error {
	status, err := os.ReadFile(statusFile)
	if err != nil {
		return err
	}
	complete, err := hasSysResource(string(status))
	if err != nil || complete {
		return err
	}
	file, inBundle := findSpecification(arguments)
	if file == "" {
		return nil
	}
	return removeSysResource(file, inBundle)
}

// hasSysResource reports whether the bounding set in the text of /proc/self/status contains CAP_SYS_RESOURCE.
func hasSysResource(status string) (bool, error) {
	for _, line := range strings.Split(status, "\n") {
		if value, found := strings.CutPrefix(line, boundingSetLine); found {
			set, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
			return set>>sysResourceBit&1 == 1, err
		}
	}
	return false, fmt.Errorf("%s has no line %s", statusFile, boundingSetLine)
}

// findSpecification returns the path of the file that lists the capabilities: the config.json of the bundle for create
// and run, the process file for exec, and "" for other commands. It also reports whether the file belongs to a bundle.
func findSpecification(arguments []string) (file string, inBundle bool) {
	for _, argument := range arguments {
		switch argument {
		case "create", "run":
			return filepath.Join(flagValue(arguments, "-b", "--bundle"), "config.json"), true
		case "exec":
			return flagValue(arguments, "-p", "--process"), false
		}
	}
	return "", false
}

// flagValue returns the value of the first flag with one of these names, or "" if no such flag is given.
func flagValue(arguments []string, names ...string) string {
	for i, argument := range arguments {
		for _, name := range names {
			if argument == name && i+1 < len(arguments) {
				return arguments[i+1]
			}
			if value, found := strings.CutPrefix(argument, name+"="); found {
				return value
			}
		}
	}
	return ""
}

// removeSysResource removes CAP_SYS_RESOURCE from all sets of capabilities in a specification.
func removeSysResource(file string, inBundle bool) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var specification map[string]any
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber() // limits are larger than the integers that a float64 represents exactly
	if err := decoder.Decode(&specification); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	process := specification
	if inBundle {
		process, _ = specification["process"].(map[string]any)
	}
	sets, _ := process["capabilities"].(map[string]any)
	for name, set := range sets {
		capabilities, _ := set.([]any)
		kept := make([]any, 0, len(capabilities))
		for _, capability := range capabilities {
			if capability != sysResource {
				kept = append(kept, capability)
			}
		}
		sets[name] = kept
	}
	content, err = json.Marshal(specification)
	if err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o600)
}
