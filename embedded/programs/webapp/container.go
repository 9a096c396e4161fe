package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// containersFile describes the containers of the manifests whose image is replaced by this one.
	containersFile = "/stand-in.json"
	// maxHostname is the length to which the kubelet shortens the name of a pod for its hostname.
	maxHostname = 63
	// probeTimeout is the time for a connection to a port of the same pod.
	probeTimeout = time.Second
)

// container is a container of the manifests whose image is replaced by a stand-in. All commands that the manifests
// mention are links to this program.
type container struct {
	Name         string     `json:"name"`         // for the log and for texts
	Image        string     `json:"image"`        // the reference in the manifests
	Pods         string     `json:"pods"`         // the beginning of the hostname of its pods; empty for any
	Command      []string   `json:"command"`      // command and arguments as in the manifests; may be empty
	Ends         bool       `json:"ends"`         // an init container, or a container of a Job
	Ports        []int      `json:"ports"`        // the ports that clients or probes use
	Certificates []string   `json:"certificates"` // directories that may contain a certificate and its key
	Probes       [][]string `json:"probes"`       // the commands of exec probes and lifecycle hooks
	Role         []string   `json:"role"`         // a role of this program with its arguments; empty for none
}

// readContainers returns the containers in a file, or nil if the file does not exist.
func readContainers(file string) ([]container, error) {
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var table struct {
		Containers []container `json:"containers"`
	}
	if err := json.Unmarshal(content, &table); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(table.Containers) == 0 {
		return nil, fmt.Errorf("%s describes no container", file)
	}
	return table.Containers, nil
}

// runContainer runs the container that a process belongs to, or checks its ports if the process is an exec probe.
func runContainer(ctx context.Context, containers []container, hostname string, argv []string) error {
	candidates := containersOfPod(containers, hostname)
	isKnownPod := len(candidates) > 0
	if !isKnownPod {
		candidates = containers
	}
	for _, candidate := range candidates {
		if candidate.hasProbe(argv) && !isCommand(candidates, argv) {
			return candidate.checkPorts(ctx)
		}
	}
	selected := selectContainer(candidates, argv)
	if !isKnownPod {
		selected = mergeContainers(containers)
		log.Printf("no container of %s belongs to a pod with the hostname %s: a controller may have created this pod",
			containersFile, hostname)
	}
	log.Printf("stand-in for %s (image %s), ports %v, command %q", selected.Name, selected.Image, selected.Ports, argv)
	if selected.Ends {
		return nil
	}
	if len(selected.Role) > 0 {
		return run(ctx, selected.Role)
	}
	return servePorts(ctx, selected.Name, selected.Ports, selected.Certificates)
}

// containersOfPod returns the containers with the longest beginning of a pod's hostname.
func containersOfPod(containers []container, hostname string) []container {
	var selected []container
	longest := 0
	for _, candidate := range containers {
		prefix := candidate.Pods[:min(len(candidate.Pods), maxHostname)]
		if len(prefix) == maxHostname {
			prefix = strings.TrimRight(prefix, "-.") // as the kubelet does
		}
		if !strings.HasPrefix(hostname, prefix) || len(prefix) < longest {
			continue
		}
		if len(prefix) > longest {
			selected, longest = nil, len(prefix)
		}
		selected = append(selected, candidate)
	}
	return selected
}

// selectContainer returns the container whose command has the most words in common with that of a process. If several
// have the same number, it prefers the one with the fewest other words.
func selectContainer(candidates []container, argv []string) container {
	return slices.MaxFunc(candidates, func(a, b container) int {
		if difference := a.countEqualWords(argv) - b.countEqualWords(argv); difference != 0 {
			return difference
		}
		return len(b.Command) - len(a.Command)
	})
}

// mergeContainers returns a container with the ports and the certificates of all containers.
func mergeContainers(containers []container) container {
	merged := container{Name: "a pod that a controller created", Image: containers[0].Image}
	for _, other := range containers {
		merged.Ports = append(merged.Ports, other.Ports...)
		merged.Certificates = append(merged.Certificates, other.Certificates...)
	}
	slices.Sort(merged.Ports)
	merged.Ports = slices.Compact(merged.Ports)
	return merged
}

// isCommand reports whether the command of a process is the whole command of one of the containers.
func isCommand(containers []container, argv []string) bool {
	return slices.ContainsFunc(containers, func(c container) bool { return slices.Equal(expandAll(c.Command), argv) })
}

// countEqualWords returns the number of words of the container's command that a process has in the same places. If the
// manifests contain only arguments, they follow the command of the image.
func (c container) countEqualWords(argv []string) int {
	command := expandAll(c.Command)
	return max(countEqual(command, argv), countEqual(command, argv[1:]))
}

// hasProbe reports whether the command of a process is that of an exec probe or of a lifecycle hook.
func (c container) hasProbe(argv []string) bool {
	return slices.ContainsFunc(c.Probes, func(probe []string) bool {
		return slices.Equal(probe, argv) || slices.Equal(expandAll(probe), argv)
	})
}

// checkPorts returns an error unless all ports of the container accept connections.
func (c container) checkPorts(ctx context.Context) error {
	dialer := net.Dialer{Timeout: probeTimeout}
	for _, port := range c.Ports {
		connection, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return fmt.Errorf("the stand-in for %s does not listen on port %d: %w", c.Name, port, err)
		}
		connection.Close()
	}
	return nil
}

// countEqual returns the number of places at which two lists have the same word.
func countEqual(a, b []string) int {
	count := 0
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			count++
		}
	}
	return count
}

// variable is a reference to an environment variable in a command, or an escaped dollar sign.
var variable = regexp.MustCompile(`\$\$|\$\([-._a-zA-Z][-._a-zA-Z0-9]*\)`)

// expandAll returns words in which the references to environment variables are replaced as the kubelet replaces them:
// references to unknown variables remain.
func expandAll(words []string) []string {
	expanded := make([]string, len(words))
	for i, word := range words {
		expanded[i] = variable.ReplaceAllStringFunc(word, func(reference string) string {
			if reference == "$$" {
				return "$"
			}
			if value, found := os.LookupEnv(reference[2 : len(reference)-1]); found {
				return value
			}
			return reference
		})
	}
	return expanded
}
