package main

import (
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// k3d's defaults for settings that are missing in the values file; its schema declares both as optional.
const (
	defaultConnections = 1024
	defaultTimeout     = 600 // seconds
)

// values is the content of k3d's values file: the nodes that serve each port, such as "6443.tcp", and settings.
type values struct {
	Ports    map[string][]string `json:"ports"`
	Settings struct {
		WorkerConnections   int `json:"workerConnections"`
		DefaultProxyTimeout int `json:"defaultProxyTimeout"`
	} `json:"settings"`
}

// forward is one port of the load balancer.
type forward struct {
	port     int
	protocol string
	nodes    []string
}

// render returns the configuration of nginx for the text of k3d's values file.
func render(text []byte) (string, error) {
	var v values
	if err := yaml.Unmarshal(text, &v); err != nil {
		return "", fmt.Errorf("not a values file of k3d: %w", err)
	}
	forwards, err := v.forwards()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n")
	b.WriteString("user www-data;\n")
	b.WriteString("pid " + pidFile + ";\n")
	// k3d waits for a message of the level notice in the container's log.
	b.WriteString("error_log stderr notice;\n")
	b.WriteString("worker_processes auto;\n")
	fmt.Fprintf(&b, "events { worker_connections %d; }\n", orDefault(v.Settings.WorkerConnections, defaultConnections))
	b.WriteString("stream {\n")
	b.WriteString("  proxy_connect_timeout 2s;\n")
	fmt.Fprintf(&b, "  proxy_timeout %ds;\n", orDefault(v.Settings.DefaultProxyTimeout, defaultTimeout))
	for _, f := range forwards {
		b.WriteString(f.String())
	}
	b.WriteString("}\n")
	return b.String(), nil
}

// forwards returns the ports, sorted by number and protocol.
func (v values) forwards() ([]forward, error) {
	var all []forward
	for key, nodes := range v.Ports {
		f, err := newForward(key, nodes)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	if len(all) == 0 {
		return nil, errors.New("no port in the values file")
	}
	sort.Slice(all, func(i, j int) bool {
		if all[i].port != all[j].port {
			return all[i].port < all[j].port
		}
		return all[i].protocol < all[j].protocol
	})
	return all, nil
}

// newForward parses a port of the values file, such as "6443.tcp".
func newForward(key string, nodes []string) (forward, error) {
	number, protocol, _ := strings.Cut(key, ".")
	port, err := strconv.ParseUint(number, 10, 16)
	if err != nil || (protocol != "tcp" && protocol != "udp") {
		return forward{}, fmt.Errorf("invalid port %q: expected a port such as 6443.tcp", key)
	}
	if len(nodes) == 0 {
		return forward{}, fmt.Errorf("no node for port %s", key)
	}
	return forward{int(port), protocol, nodes}, nil
}

// String returns the part of the configuration of nginx that forwards the port.
func (f forward) String() string {
	var b strings.Builder
	name := fmt.Sprintf("%d_%s", f.port, f.protocol)
	fmt.Fprintf(&b, "  upstream %s {\n", name)
	for _, node := range f.nodes {
		fmt.Fprintf(&b, "    server %s:%d max_fails=1 fail_timeout=10s;\n", node, f.port)
	}
	b.WriteString("  }\n")
	listen := strconv.Itoa(f.port)
	if f.protocol == "udp" {
		listen += " udp"
	}
	fmt.Fprintf(&b, "  server { listen %s; proxy_pass %s; }\n", listen, name)
	return b.String()
}

func orDefault(value, fallback int) int {
	if value == 0 {
		return fallback
	}
	return value
}
