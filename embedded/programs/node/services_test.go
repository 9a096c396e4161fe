package main

import (
	"slices"
	"strings"
	"testing"
)

func TestServicesOfAgent(t *testing.T) {
	var names []string
	for _, program := range services(node{name: "node", address: "172.20.0.5", options: options{serverURL: "https://server:6443"}}) {
		names = append(names, program.name)
		bootstraps := strings.Contains(strings.Join(program.argv, " "), "--bootstrap-kubeconfig=")
		if bootstraps != (program.name == "kubelet") {
			t.Errorf("expected only the kubelet to request a certificate, seen %q", program.argv)
		}
	}
	if !slices.Equal(names, []string{"containerd", "kube-proxy", "kubelet"}) {
		t.Errorf("expected the programs of an agent, seen %q", names)
	}
}

func TestControllerManagerDoesNotStreamListsFromDebiansEtcd(t *testing.T) {
	for minor, expected := range map[int]bool{29: false, 32: true} {
		for _, program := range services(node{kubernetes: kubernetesVersion{minor: minor}}) {
			has := slices.Contains(program.argv, "--feature-gates=WatchListClient=false")
			if has != (expected && program.name == "kube-controller-manager") {
				t.Errorf("1.%d: unexpected arguments of %s: %q", minor, program.name, program.argv)
			}
		}
	}
}

func TestServices(t *testing.T) {
	known := map[event]bool{}
	for _, event := range events {
		known[event] = true
	}
	seen := map[string]bool{}
	for _, program := range services(node{name: "node", address: "172.20.0.3", options: options{port: 7443}}) {
		if seen[program.name] || program.argv[0] != program.name {
			t.Errorf("expected each program once, with its own name, seen %s as %s", program.name, program.argv[0])
		}
		seen[program.name] = true
		for _, event := range program.after {
			if !known[event] {
				t.Errorf("%s waits for %q, which never happens", program.name, event)
			}
		}
		flags := map[string]bool{}
		for _, argument := range program.argv[1:] {
			flag, _, ok := strings.Cut(argument, "=")
			if flags[flag] || !ok && flag != "--unsafe-no-fsync" {
				t.Errorf("%s: expected each flag once, with a value, seen %s", program.name, argument)
			}
			flags[flag] = true
		}
		if program.name == "kube-apiserver" && !strings.Contains(strings.Join(program.argv, " "), "--secure-port=7443 --advertise-address=172.20.0.3") {
			t.Errorf("expected the port of --https-listen-port and the node's address, seen %q", program.argv)
		}
	}
}
