package main

import (
	"fmt"
	"strconv"
	"strings"
)

// options is what the command line and the environment of k3s say about this node.
type options struct {
	tlsSANs     []string        // further names the API server's certificate is for
	disabled    map[string]bool // shipped manifests that are not deployed
	port        int             // of the API server
	snapshotter string          // of containerd
	kubeconfig  string          // where a copy of the administrator's kubeconfig goes
	notes       []string        // what a reader of the log should know
}

// parse understands the part of `k3s server` that k3d 5.6.0 uses: `--tls-san NAME` (pkg/client/node.go,
// patchServerSpec), whatever --k3s-arg adds, and the environment of pkg/types/k3s/env.go. A flag it does not know is
// ignored with a note, because k3s has a hundred and most of them tune what is not here.
func parse(args []string, getenv func(string) string) (options, error) {
	result := options{disabled: map[string]bool{}, port: 6443, snapshotter: "overlayfs", kubeconfig: getenv("K3S_KUBECONFIG_OUTPUT")}
	if len(args) == 0 || args[0] != "server" {
		return result, fmt.Errorf("expected the subcommand `server`, seen %q: this image makes clusters of one node; create the cluster with `--servers 1 --agents 0`", strings.Join(args, " "))
	}
	if url := getenv("K3S_URL"); url != "" {
		return result, fmt.Errorf("expected no K3S_URL, seen %q: this image cannot join a cluster; create it with `--servers 1 --agents 0`", url)
	}
	for args = args[1:]; len(args) > 0; {
		flag := args[0]
		args = args[1:]
		if !strings.HasPrefix(flag, "-") {
			result.note("ignored the argument %q: `server` takes flags only", flag)
			continue
		}
		name, value, given := strings.Cut(strings.TrimLeft(flag, "-"), "=")
		if !given && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
			value, args = args[0], args[1:]
		}
		if err := result.set(name, value); err != nil {
			return result, err
		}
	}
	return result, nil
}

func (o *options) set(name, value string) error {
	switch name {
	case "tls-san":
		o.tlsSANs = append(o.tlsSANs, list(value)...)
	case "disable":
		for _, manifest := range list(value) {
			o.disabled[manifest] = true
			if !shipped(manifest) {
				o.note("--disable=%s: nothing to do, this node ships no %s", manifest, manifest)
			}
		}
	case "https-listen-port":
		port, err := strconv.Atoi(value)
		if err != nil || port < 1 || port > 65535 {
			return fmt.Errorf("expected a port number in --https-listen-port, seen %q", value)
		}
		o.port = port
	case "snapshotter":
		if value == "" {
			return fmt.Errorf("expected the name of a snapshotter of containerd in --snapshotter (overlayfs or native), seen none")
		}
		o.snapshotter = value
	default:
		o.note("ignored --%s: this node runs upstream Kubernetes and knows --tls-san, --disable, --https-listen-port and --snapshotter", name)
	}
	return nil
}

func (o *options) note(format string, arguments ...any) {
	o.notes = append(o.notes, fmt.Sprintf(format, arguments...))
}

// list splits what k3s accepts both as repeated flags and as one flag with commas.
func list(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool { return r == ',' })
}
