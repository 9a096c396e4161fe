package main

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func TestKubeadmConfig(t *testing.T) {
	text, err := kubeadmConfig(node{name: "k3d-lab-server-0", address: "172.20.0.3", options: options{port: 7443, tlsSANs: []string{"k3d-lab-serverlb"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"advertiseAddress: 172.20.0.3", "bindPort: 7443", "name: k3d-lab-server-0", "clusterName: default", "controlPlaneEndpoint: 127.0.0.1:7443",
		"  - 127.0.0.1\n", "  - 0.0.0.0\n", "  - k3d-lab-serverlb\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("expected %q in\n%s", want, text)
		}
	}
}

const fromKubeadm = `
apiVersion: v1
kind: Config
clusters: [{name: default, cluster: {server: "https://127.0.0.1:6443", certificate-authority-data: Y2E=}}]
users: [{name: kubernetes-admin, user: {client-certificate-data: Y2VydA==, client-key-data: a2V5}}]
contexts: [{name: kubernetes-admin@default, context: {cluster: default, user: kubernetes-admin}}]
current-context: kubernetes-admin@default
preferences: {}
`

func TestKubeconfigIsWhatK3dReads(t *testing.T) {
	parsed, err := parseKubeconfig([]byte(fromKubeadm))
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(parsed.renamed("default"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := parseKubeconfig(text)
	if err != nil {
		t.Fatal(err)
	}
	if again.Clusters[0].Name != "default" || again.Users[0].Name != "default" || again.Contexts[0].Name != "default" ||
		again.Contexts[0].Context.User != "default" || again.Contexts[0].Context.Cluster != "default" || again.CurrentContext != "default" {
		t.Errorf("expected everything to be called default, seen\n%s", text)
	}
	if user := again.Users[0].User; string(user.Certificate) != "cert" || string(user.Key) != "key" || string(again.Clusters[0].Cluster.CA) != "ca" {
		t.Errorf("expected the credentials to stay, seen\n%s", text)
	}
	if parsed.Users[0].Name != "kubernetes-admin" {
		t.Error("expected the original to stay as it was")
	}
}

func TestKubeconfigWithoutUser(t *testing.T) {
	if _, err := parseKubeconfig([]byte("clusters: [{name: a}]")); err == nil || !strings.Contains(err.Error(), "seen 1, 0 and 0") {
		t.Errorf("expected an error that counts, seen %v", err)
	}
}
