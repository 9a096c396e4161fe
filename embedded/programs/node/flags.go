package main

import (
	"fmt"
	"strconv"
	"strings"
)

// options holds the settings of this node from the command line and the environment of k3s.
type options struct {
	tlsSANs     []string        // additional names in the certificate of the API server
	disabled    map[string]bool // embedded manifests that are not deployed
	port        int             // of the API server
	snapshotter string          // of containerd
	kubeconfig  string          // path of a copy of the administrator's kubeconfig
	serverURL   string          // the API server that an agent joins; empty for a server
	token       string          // with which agents join; both have it from k3d
	notes       []string        // messages about ignored settings, for the log
}

// parseOptions parses the part of `k3s server` and `k3s agent` that k3d 5.6.0 uses: `--tls-san NAME`
// (pkg/client/node.go, patchServerSpec), the arguments that --k3s-arg adds, and the environment of
// pkg/types/k3s/env.go. An unknown flag is ignored with a note, because k3s has a hundred flags and most of them tune
// components that this node does not have.
func parseOptions(args []string, getenv func(string) string) (options, error) {
	result := options{disabled: map[string]bool{}, port: 6443, snapshotter: "overlayfs", kubeconfig: getenv("K3S_KUBECONFIG_OUTPUT"), token: getenv("K3S_TOKEN")}
	if len(args) == 0 || (args[0] != "server" && args[0] != "agent") {
		return result, fmt.Errorf("unsupported subcommand, seen %q: this image supports only the subcommands `server` and `agent`", strings.Join(args, " "))
	}
	url := getenv("K3S_URL")
	switch {
	case args[0] == "server" && url != "":
		return result, fmt.Errorf("K3S_URL is set, seen %q: this image cannot be a further server of a cluster; create the cluster with `--servers 1`", url)
	case args[0] == "agent" && (url == "" || result.token == ""):
		return result, fmt.Errorf("an agent needs K3S_URL and K3S_TOKEN, seen the URL %q and a token of %d characters: create it with `k3d node create`, which sets both", url, len(result.token))
	}
	result.serverURL = url
	for args = args[1:]; len(args) > 0; {
		flag := args[0]
		args = args[1:]
		if !strings.HasPrefix(flag, "-") {
			result.note("ignored the argument %q: only flags are expected", flag)
			continue
		}
		name, value, hasValue := strings.Cut(strings.TrimLeft(flag, "-"), "=")
		if !hasValue && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
			value, args = args[0], args[1:]
		}
		if err := result.set(name, value); err != nil {
			return result, err
		}
	}
	return result, nil
}

// set stores the value of a flag, whose name has no leading dashes.
func (o *options) set(name, value string) error {
	switch name {
	case "tls-san":
		o.tlsSANs = append(o.tlsSANs, splitList(value)...)
	case "disable":
		for _, manifest := range splitList(value) {
			o.disabled[manifest] = true
			if !hasManifest(manifest) {
				o.note("--disable=%s has no effect: this node does not include %s", manifest, manifest)
			}
		}
	case "https-listen-port":
		port, err := strconv.Atoi(value)
		if err != nil || port < 1 || port > 65535 {
			return fmt.Errorf("invalid --https-listen-port: expected a port number from 1 to 65535, seen %q", value)
		}
		o.port = port
	case "snapshotter":
		if value == "" {
			return fmt.Errorf("empty --snapshotter: expected the name of a snapshotter of containerd (overlayfs or native)")
		}
		o.snapshotter = value
	default:
		o.note("ignored --%s: this node runs upstream Kubernetes and supports only --tls-san, --disable, --https-listen-port and --snapshotter", name)
	}
	return nil
}

// isAgent reports whether this node joins the cluster of a server.
func (o *options) isAgent() bool {
	return o.serverURL != ""
}

func (o *options) note(format string, arguments ...any) {
	o.notes = append(o.notes, fmt.Sprintf(format, arguments...))
}

// splitList splits a value at its commas: k3s accepts a list both as repeated flags and as one flag with commas.
func splitList(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool { return r == ',' })
}
