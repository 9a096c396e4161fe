// Command runc-bounded is runc for a machine whose capability bounding set is incomplete.
//
// There a privileged container cannot start ("unable to apply caps: operation not permitted"), since runc asks for
// capabilities that nobody on the machine can have. This program takes those out of what runc is told to apply, and
// then becomes runc.
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
	// From linux/capability.h; the only capability that was seen missing.
	sysResource     = "CAP_SYS_RESOURCE"
	sysResourceBit  = 24
	statusFile      = "/proc/self/status"
	boundingSetLine = "CapBnd:"
)

func main() {
	if err := bound(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "runc-bounded: %v\n", err)
		os.Exit(1)
	}
	err := syscall.Exec(runc, append([]string{"runc"}, os.Args[1:]...), os.Environ())
	fmt.Fprintf(os.Stderr, "runc-bounded: %s: %v\n", runc, err)
	os.Exit(1)
}

// bound takes the missing capability out of the specification that the arguments name, if they name one.
func bound(arguments []string) error {
	status, err := os.ReadFile(statusFile)
	if err != nil {
		return err
	}
	complete, err := hasSysResource(string(status))
	if err != nil || complete {
		return err
	}
	file, inBundle := specification(arguments)
	if file == "" {
		return nil
	}
	return withoutSysResource(file, inBundle)
}

// hasSysResource reads the bounding set out of the text of /proc/self/status.
func hasSysResource(status string) (bool, error) {
	for _, line := range strings.Split(status, "\n") {
		if value, found := strings.CutPrefix(line, boundingSetLine); found {
			set, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
			return set>>sysResourceBit&1 == 1, err
		}
	}
	return false, fmt.Errorf("%s has no line %s", statusFile, boundingSetLine)
}

// specification names the file in which runc's arguments have the capabilities: a bundle's config.json for create and
// run, the process file for exec. It tells which of the two it is.
func specification(arguments []string) (file string, inBundle bool) {
	for _, argument := range arguments {
		switch argument {
		case "create", "run":
			return filepath.Join(value(arguments, "-b", "--bundle"), "config.json"), true
		case "exec":
			return value(arguments, "-p", "--process"), false
		}
	}
	return "", false
}

func value(arguments []string, names ...string) string {
	for i, argument := range arguments {
		for _, name := range names {
			if argument == name && i+1 < len(arguments) {
				return arguments[i+1]
			}
			if given, found := strings.CutPrefix(argument, name+"="); found {
				return given
			}
		}
	}
	return ""
}

func withoutSysResource(file string, inBundle bool) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var specification map[string]any
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber() // limits are larger than a float64 holds exactly
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
