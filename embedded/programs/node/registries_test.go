package main

import (
	"reflect"
	"strings"
	"testing"
)

func TestRegistryMirrors(t *testing.T) {
	for name, test := range map[string]struct {
		yaml string
		want map[string]string
	}{
		"no file": {"", map[string]string{}},
		// k3d rewrites the file, with every field of its format.
		"the file of k3d": {
			"mirrors:\n  docker.io:\n    endpoint:\n    - http://172.20.0.2:5000\n    rewrite: {}\nconfigs: {}\nauths: {}\n",
			map[string]string{"docker.io": "server = \"https://registry-1.docker.io\"\n\n[host.\"http://172.20.0.2:5000\"]\n  capabilities = [\"pull\", \"resolve\"]\n"},
		},
		"a port and two mirrors": {
			"mirrors: {'localhost:5001': {endpoint: ['http://a:1', 'https://b']}}",
			map[string]string{"localhost:5001": "server = \"https://localhost:5001\"\n\n[host.\"http://a:1\"]\n  capabilities = [\"pull\", \"resolve\"]\n\n[host.\"https://b\"]\n  capabilities = [\"pull\", \"resolve\"]\n"},
		},
		"any registry": {
			"mirrors: {'*': {endpoint: ['http://a:1']}}",
			map[string]string{"_default": "\n[host.\"http://a:1\"]\n  capabilities = [\"pull\", \"resolve\"]\n"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := registryMirrors([]byte(test.yaml))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("expected %q, seen %q", test.want, got)
			}
		})
	}
}

func TestRegistryMirrorsRejects(t *testing.T) {
	for yaml, mention := range map[string]string{
		"mirrors: [": "could not be parsed",
		"mirror: {}": "could not be parsed",
		"mirrors: {quay.io: {endpoint: ['registry:5000']}}":            `seen "registry:5000"`,
		"mirrors: {quay.io: {endpoint: [], rewrite: {'^': 'mirror'}}}": "unsupported `rewrite`",
		"configs: {quay.io: {auth: {username: me}}}":                   "only `mirrors`",
	} {
		if _, err := registryMirrors([]byte(yaml)); err == nil || !strings.Contains(err.Error(), mention) {
			t.Errorf("%q: expected an error that contains %q, seen %v", yaml, mention, err)
		}
	}
}
