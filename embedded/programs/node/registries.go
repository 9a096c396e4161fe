package main

import (
	"fmt"
	"net/url"
	"strings"

	"sigs.k8s.io/yaml"
)

// registryMirrors converts k3s's registries.yaml to the hosts.toml files of containerd. It returns one file for each
// registry host, by the name of its directory. The format of registries.yaml is that of github.com/rancher/wharfie,
// with which k3d reads and writes it too (pkg/client/cluster.go, ClusterPrep).
func registryMirrors(registriesYAML []byte) (map[string]string, error) {
	var registries struct {
		Mirrors map[string]struct {
			Endpoint []string          `json:"endpoint"`
			Rewrite  map[string]string `json:"rewrite"`
		} `json:"mirrors"`
		Configs object `json:"configs"`
		Auths   object `json:"auths"`
	}
	if err := yaml.UnmarshalStrict(registriesYAML, &registries); err != nil {
		return nil, fmt.Errorf("%s could not be parsed: %w", registriesFile, err)
	}
	if len(registries.Configs) > 0 || len(registries.Auths) > 0 {
		return nil, fmt.Errorf("unsupported settings in %s, seen `configs` or `auths`: this node supports only `mirrors`, without credentials or certificates; remove the other settings", registriesFile)
	}
	hosts := map[string]string{}
	for host, mirror := range registries.Mirrors {
		if len(mirror.Rewrite) > 0 {
			return nil, fmt.Errorf("unsupported `rewrite` for the mirror of %s in %s: containerd does not support `rewrite`; use upstream's image names in the mirror", host, registriesFile)
		}
		content, err := hostsTOML(host, mirror.Endpoint)
		if err != nil {
			return nil, err
		}
		if host == "*" {
			host = "_default" // the name that containerd uses for all other registries
		}
		hosts[host] = content
	}
	return hosts, nil
}

// hostsTOML returns a hosts.toml with which containerd queries the mirrors in their order and then, as k3s does, the
// registry itself.
func hostsTOML(host string, mirrors []string) (string, error) {
	var text strings.Builder
	switch host {
	case "*": // no server: each registry is its own fallback
	case "docker.io":
		fmt.Fprintf(&text, "server = %q\n", "https://registry-1.docker.io")
	default:
		fmt.Fprintf(&text, "server = %q\n", "https://"+host)
	}
	for _, mirror := range mirrors {
		parsed, err := url.Parse(mirror)
		if err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
			return "", fmt.Errorf("invalid endpoint for %s in %s: expected a URL such as http://172.20.0.2:5000, seen %q", host, registriesFile, mirror)
		}
		fmt.Fprintf(&text, "\n[host.%q]\n  capabilities = [\"pull\", \"resolve\"]\n", mirror)
	}
	return text.String(), nil
}
