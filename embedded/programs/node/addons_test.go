package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// parseManifest returns the objects of an embedded manifest by kind and name.
func parseManifest(t *testing.T, file string) map[string]object {
	t.Helper()
	content, err := fs.ReadFile(embeddedManifests, "manifests/"+file)
	if err != nil {
		t.Fatal(err)
	}
	result := map[string]object{}
	for _, document := range strings.Split(string(content), "\n---\n") {
		var parsed object
		if err := yaml.UnmarshalStrict([]byte(document), &parsed); err != nil {
			t.Fatalf("%v in %s", err, document)
		}
		result[parsed["kind"].(string)+"/"+parsed["metadata"].(object)["name"].(string)] = parsed
	}
	return result
}

func TestCoreDNSManifestCanBeRewrittenByK3d(t *testing.T) {
	objects := parseManifest(t, "coredns.yaml")
	for name, parsed := range objects {
		if parsed["kind"] == "ConfigMap" && name != "ConfigMap/coredns" {
			t.Errorf("expected no other ConfigMap, because k3d sets NodeHosts of every ConfigMap in the file, seen %s", name)
		}
	}
	if _, ok := objects["ConfigMap/coredns"]["data"].(object)["NodeHosts"].(string); !ok {
		t.Error("expected NodeHosts in the ConfigMap coredns: without the key CoreDNS does not find the file")
	}
	if address := objects["Service/kube-dns"]["spec"].(object)["clusterIP"]; address != clusterDNS {
		t.Errorf("expected the DNS server at %s, which the kubelet configures in pods, seen %v", clusterDNS, address)
	}
}

func TestLocalPathIsTheDefaultStorageClass(t *testing.T) {
	metadata := parseManifest(t, "local-storage.yaml")["StorageClass/local-path"]["metadata"].(object)
	if metadata["annotations"].(object)["storageclass.kubernetes.io/is-default-class"] != "true" {
		t.Errorf("expected the default StorageClass, seen %v", metadata)
	}
}

func TestAdministratorsOfKubeadmHaveTheirRights(t *testing.T) {
	subjects := parseManifest(t, "cluster-admins.yaml")["ClusterRoleBinding/kubeadm:cluster-admins"]["subjects"].([]any)
	if len(subjects) != 1 || subjects[0].(object)["name"] != "kubeadm:cluster-admins" {
		t.Errorf("expected the group of kubeadm's certificates, seen %v", subjects)
	}
}

func TestWriteManifests(t *testing.T) {
	directory := t.TempDir()
	existing := filepath.Join(directory, "coredns.yaml")
	if err := os.WriteFile(existing, []byte("rewritten by k3d"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writeManifests(directory, node{options: options{disabled: map[string]bool{"local-storage": true}}}); err != nil {
		t.Fatal(err)
	}
	if content, _ := os.ReadFile(existing); string(content) != "rewritten by k3d" {
		t.Errorf("expected the content that k3d wrote before the restart, seen %q", content)
	}
	if _, err := os.Stat(filepath.Join(directory, "local-storage.yaml")); err == nil {
		t.Error("expected no local-storage.yaml with --disable=local-storage")
	}
	if err := writeManifests(directory, node{name: "server-0"}); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(filepath.Join(directory, "local-storage.yaml")); err != nil || !strings.Contains(string(content), `values: ["server-0"]`) {
		t.Errorf("expected a StorageClass for the node server-0, seen %q and %v", content, err)
	}
}

func TestChangedManifests(t *testing.T) {
	directory := t.TempDir()
	create := func(name, content string) string {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	b, a := create("b.yaml", "new"), create("a.yaml", "same")
	create("notes.txt", "no manifest")
	var seen []string
	for _, manifest := range changedManifests(directory, map[string][]byte{b: []byte("old"), a: []byte("same")}) {
		seen = append(seen, manifest.path+" "+string(manifest.content))
	}
	if len(seen) != 1 || seen[0] != b+" new" {
		t.Errorf("expected only b.yaml, seen %q", seen)
	}
	if all := changedManifests(directory, nil); len(all) != 2 || all[0].path != a {
		t.Errorf("expected both manifests, sorted by name, seen %v", all)
	}
}
