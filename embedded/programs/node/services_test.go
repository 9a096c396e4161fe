package main

import (
	"strings"
	"testing"
)

func TestServices(t *testing.T) {
	known := map[event]bool{}
	for _, each := range events {
		known[each] = true
	}
	seen := map[string]bool{}
	for _, each := range services(node{name: "node", address: "172.20.0.3", options: options{port: 7443}}) {
		if seen[each.name] || each.argv[0] != each.name {
			t.Errorf("expected each program once and under its own name, seen %s as %s", each.name, each.argv[0])
		}
		seen[each.name] = true
		for _, event := range each.after {
			if !known[event] {
				t.Errorf("%s waits for %q, which never happens", each.name, event)
			}
		}
		flags := map[string]bool{}
		for _, argument := range each.argv[1:] {
			flag, _, ok := strings.Cut(argument, "=")
			if flags[flag] || !ok && flag != "--unsafe-no-fsync" {
				t.Errorf("%s: expected each flag once and with a value, seen %s", each.name, argument)
			}
			flags[flag] = true
		}
		if each.name == "kube-apiserver" && !strings.Contains(strings.Join(each.argv, " "), "--secure-port=7443 --advertise-address=172.20.0.3") {
			t.Errorf("expected the port of --https-listen-port and the node's address, seen %q", each.argv)
		}
	}
}
