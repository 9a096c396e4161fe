package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// objectsOf gives the objects of a shipped manifest by kind and name.
func objectsOf(t *testing.T, file string) map[string]object {
	t.Helper()
	content, err := fs.ReadFile(manifests, "manifests/"+file)
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

func TestCoreDNSIsWhatK3dRewrites(t *testing.T) {
	objects := objectsOf(t, "coredns.yaml")
	for name, each := range objects {
		if each["kind"] == "ConfigMap" && name != "ConfigMap/coredns" {
			t.Errorf("k3d sets NodeHosts of every ConfigMap in the file, and there is %s", name)
		}
	}
	if _, ok := objects["ConfigMap/coredns"]["data"].(object)["NodeHosts"].(string); !ok {
		t.Error("expected NodeHosts in the ConfigMap coredns: without the key its file does not exist for CoreDNS")
	}
	if address := objects["Service/kube-dns"]["spec"].(object)["clusterIP"]; address != clusterDNS {
		t.Errorf("expected the name server at %s, where the kubelet sends pods, seen %v", clusterDNS, address)
	}
}

func TestLocalStorageIsTheDefault(t *testing.T) {
	metadata := objectsOf(t, "local-storage.yaml")["StorageClass/local-path"]["metadata"].(object)
	if metadata["annotations"].(object)["storageclass.kubernetes.io/is-default-class"] != "true" {
		t.Errorf("expected the default StorageClass, seen %v", metadata)
	}
}

func TestShippedManifests(t *testing.T) {
	directory := t.TempDir()
	kept := filepath.Join(directory, "coredns.yaml")
	if err := os.WriteFile(kept, []byte("rewritten by k3d"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writeShippedManifests(directory, map[string]bool{"local-storage": true}); err != nil {
		t.Fatal(err)
	}
	if content, _ := os.ReadFile(kept); string(content) != "rewritten by k3d" {
		t.Errorf("expected what k3d wrote before the restart, seen %q", content)
	}
	if entries, _ := os.ReadDir(directory); len(entries) != 1 {
		t.Errorf("expected --disable=local-storage to leave local-storage.yaml out, seen %v", entries)
	}
	if err := writeShippedManifests(directory, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(directory, "local-storage.yaml")); err != nil {
		t.Error(err)
	}
}

func TestChanged(t *testing.T) {
	directory := t.TempDir()
	put := func(name, content string) string {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	b, a := put("b.yaml", "old"), put("a.yaml", "new")
	put("notes.txt", "no manifest")
	var seen []string
	for _, each := range changed(directory, map[string][]byte{b: []byte("same"), a: []byte("new")}) {
		seen = append(seen, each.path+" "+string(each.content))
	}
	if len(seen) != 1 || seen[0] != b+" old" {
		t.Errorf("expected b.yaml alone, seen %q", seen)
	}
	if all := changed(directory, nil); len(all) != 2 || all[0].path != a {
		t.Errorf("expected both in order, seen %v", all)
	}
}
