package main

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseOptions(t *testing.T) {
	for name, test := range map[string]struct {
		args    string
		env     map[string]string
		want    options
		mention string // text that a note contains
	}{
		"the arguments of k3d": {
			args: "server --disable=traefik --disable=servicelb --tls-san 0.0.0.0 --tls-san k3d-lab-serverlb",
			env:  map[string]string{"K3S_KUBECONFIG_OUTPUT": "/output/kubeconfig.yaml", "K3S_TOKEN": "secret"},
			want: options{tlsSANs: []string{"0.0.0.0", "k3d-lab-serverlb"}, disabled: map[string]bool{"traefik": true, "servicelb": true},
				port: 6443, snapshotter: "overlayfs", kubeconfig: "/output/kubeconfig.yaml", token: "secret"},
			mention: "does not include traefik",
		},
		"an agent": {
			args: "agent",
			env:  map[string]string{"K3S_URL": "https://k3d-lab-serverlb:6443", "K3S_TOKEN": "secret"},
			want: options{disabled: map[string]bool{}, port: 6443, snapshotter: "overlayfs", serverURL: "https://k3d-lab-serverlb:6443", token: "secret"},
		},
		"several values in one flag": {
			args: "server --disable coredns,local-storage --tls-san=a,b",
			want: options{tlsSANs: []string{"a", "b"}, disabled: map[string]bool{"coredns": true, "local-storage": true}, port: 6443, snapshotter: "overlayfs"},
		},
		"another port and snapshotter": {
			args: "server --https-listen-port 7443 --snapshotter=native",
			want: options{disabled: map[string]bool{}, port: 7443, snapshotter: "native"},
		},
		"an unknown flag and its value": {
			args:    "server --node-label a=b --tls-san c --debug",
			want:    options{tlsSANs: []string{"c"}, disabled: map[string]bool{}, port: 6443, snapshotter: "overlayfs"},
			mention: "ignored --node-label",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseOptions(strings.Fields(test.args), func(key string) string { return test.env[key] })
			if err != nil {
				t.Fatal(err)
			}
			notes := strings.Join(got.notes, "\n")
			if !strings.Contains(notes, test.mention) || (test.mention == "" && notes != "") {
				t.Errorf("expected notes that contain %q, seen %q", test.mention, notes)
			}
			got.notes = nil
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("expected %+v, seen %+v", test.want, got)
			}
		})
	}
}

func TestParseOptionsRejects(t *testing.T) {
	for args, mention := range map[string]string{
		"":                               "subcommands `server` and `agent`",
		"etcd-snapshot":                  `seen "etcd-snapshot"`,
		"agent":                          "K3S_URL and K3S_TOKEN",
		"server --https-listen-port=x":   "port number",
		"server --snapshotter":           "name of a snapshotter",
		"server --https-listen-port 0":   "port number",
		"server --https-listen-port 1e9": "port number",
	} {
		if _, err := parseOptions(strings.Fields(args), func(string) string { return "" }); err == nil || !strings.Contains(err.Error(), mention) {
			t.Errorf("%q: expected an error that contains %q, seen %v", args, mention, err)
		}
	}
	if _, err := parseOptions([]string{"server"}, func(string) string { return "https://other:6443" }); err == nil || !strings.Contains(err.Error(), "K3S_URL") {
		t.Errorf("expected an error for a further server, seen %v", err)
	}
}
