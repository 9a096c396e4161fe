package main

import (
	"fmt"
	"net/url"
	"strings"

	"sigs.k8s.io/yaml"
)

// registryMirrors turns k3s's registries.yaml into the hosts.toml of containerd, one for each registry host, by the name
// of its directory. The format is that of github.com/rancher/wharfie, by which k3d too reads and writes it
// (pkg/client/cluster.go, ClusterPrep).
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
		return nil, fmt.Errorf("%s is not understood: %w", registriesFile, err)
	}
	if len(registries.Configs) > 0 || len(registries.Auths) > 0 {
		return nil, fmt.Errorf("expected only `mirrors` in %s, seen `configs` or `auths`: this node reaches registries without credentials or certificates; remove them", registriesFile)
	}
	hosts := map[string]string{}
	for host, mirror := range registries.Mirrors {
		if len(mirror.Rewrite) > 0 {
			return nil, fmt.Errorf("expected no `rewrite` for the mirror of %s in %s: containerd has none; name the images in the registry as upstream does", host, registriesFile)
		}
		content, err := hostsTOML(host, mirror.Endpoint)
		if err != nil {
			return nil, err
		}
		if host == "*" {
			host = "_default" // what containerd calls any other registry
		}
		hosts[host] = content
	}
	return hosts, nil
}

// hostsTOML asks the mirrors in their order, and then, as k3s does, the registry itself.
func hostsTOML(host string, mirrors []string) (string, error) {
	var text strings.Builder
	switch host {
	case "*": // the registry itself is whichever it is
	case "docker.io":
		fmt.Fprintf(&text, "server = %q\n", "https://registry-1.docker.io")
	default:
		fmt.Fprintf(&text, "server = %q\n", "https://"+host)
	}
	for _, mirror := range mirrors {
		parsed, err := url.Parse(mirror)
		if err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
			return "", fmt.Errorf("expected an endpoint such as http://172.20.0.2:5000 for %s in %s, seen %q", host, registriesFile, mirror)
		}
		fmt.Fprintf(&text, "\n[host.%q]\n  capabilities = [\"pull\", \"resolve\"]\n", mirror)
	}
	return text.String(), nil
}
