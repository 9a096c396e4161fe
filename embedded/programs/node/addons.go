package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// embeddedManifests holds the manifests that this node deploys. They have the names that k3s uses, for --disable.
//
//go:embed manifests/*.yaml
var embeddedManifests embed.FS

// hasManifest reports whether this node has a manifest of that name, without the extension.
func hasManifest(name string) bool {
	_, err := fs.Stat(embeddedManifests, "manifests/"+name+".yaml")
	return err == nil
}

// writeManifests writes the embedded manifests, except the disabled ones, to the directory where k3s has them. An
// existing file is kept: after a restart it contains the host names that k3d has written into it. `{node}` is replaced
// by the name of the node.
func writeManifests(directory string, n node) error {
	entries, err := fs.ReadDir(embeddedManifests, "manifests")
	if err != nil {
		return fmt.Errorf("the embedded manifests could not be listed: %w", err)
	}
	for _, entry := range entries {
		path := filepath.Join(directory, entry.Name())
		if _, err := os.Stat(path); err == nil || n.disabled[strings.TrimSuffix(entry.Name(), ".yaml")] {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s could not be inspected: %w", path, err)
		}
		content, err := fs.ReadFile(embeddedManifests, "manifests/"+entry.Name())
		if err != nil {
			return fmt.Errorf("an embedded manifest could not be read: %w", err)
		}
		if err := writeFile(path, strings.ReplaceAll(string(content), "{node}", n.name), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// deployManifests applies the manifests of a directory, and applies a manifest again whenever its content changes. It
// checks the directory every second and never returns.
//
// k3d rewrites coredns.yaml in a running node (pkg/client/cluster.go, ClusterStart) after it has seen "Cluster dns
// configmap" in the log, which k3s prints when its own ConfigMap is in place.
func deployManifests(directory string) {
	applied := map[string][]byte{}
	reported := map[string]string{}
	for ; ; time.Sleep(time.Second) {
		for _, manifest := range changedManifests(directory, applied) {
			if err := apply(manifest.content); err != nil {
				if message := err.Error(); reported[manifest.path] != message {
					reported[manifest.path] = message
					log.Printf("%s could not be applied, retrying every second: %v", manifest.path, err)
				}
				continue
			}
			_, isUpdate := applied[manifest.path]
			applied[manifest.path] = manifest.content
			delete(reported, manifest.path)
			log.Printf("applied %s", manifest.path)
			if filepath.Base(manifest.path) == "coredns.yaml" && !isUpdate {
				log.Print("Cluster dns configmap has been set")
			}
		}
	}
}

type manifest struct {
	path    string
	content []byte
}

// changedManifests returns the manifests whose content differs from the applied content, sorted by name. It compares
// content and not modification times, because k3d sets the modification time of the files that it writes.
func changedManifests(directory string, applied map[string][]byte) []manifest {
	var result []manifest
	paths, _ := filepath.Glob(filepath.Join(directory, "*.yaml")) // fails only if the pattern is malformed
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err == nil && !bytes.Equal(content, applied[path]) { // a file that was deleted since the listing is skipped
			result = append(result, manifest{path, content})
		}
	}
	return result
}

// apply applies a manifest on the server side, with a field manager of its own, so that fields that other clients have
// added to an object are kept.
func apply(manifest []byte) error {
	command := exec.Command("kubectl", "--kubeconfig="+adminKubeconfig, "apply", "--server-side", "--force-conflicts", "--field-manager=node", "-f", "-")
	command.Stdin = bytes.NewReader(manifest)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(output))
	}
	return nil
}
