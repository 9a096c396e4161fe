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

// The manifests this node deploys by itself. They bear the names k3s gives them, for --disable.
//
//go:embed manifests/*.yaml
var manifests embed.FS

func shipped(name string) bool {
	_, err := fs.Stat(manifests, "manifests/"+name+".yaml")
	return err == nil
}

// writeShippedManifests puts the manifests where k3s has them. One that is there already stays: after a restart it holds
// the host names k3d wrote into it.
func writeShippedManifests(directory string, disabled map[string]bool) error {
	entries, err := fs.ReadDir(manifests, "manifests")
	if err != nil {
		return fmt.Errorf("the shipped manifests could not be listed: %w", err)
	}
	for _, entry := range entries {
		path := filepath.Join(directory, entry.Name())
		if _, err := os.Stat(path); err == nil || disabled[strings.TrimSuffix(entry.Name(), ".yaml")] {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s could not be looked at: %w", path, err)
		}
		content, err := fs.ReadFile(manifests, "manifests/"+entry.Name())
		if err != nil {
			return fmt.Errorf("a shipped manifest could not be read: %w", err)
		}
		if err := write(path, string(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// deploy applies the manifests of a directory, and again whenever one is new or has changed, for ever.
//
// k3d rewrites coredns.yaml in a running node (pkg/client/cluster.go, ClusterStart), after it has seen the words
// "Cluster dns configmap", which k3s says when its own ConfigMap is in place.
func deploy(directory string) {
	applied := map[string][]byte{}
	complaints := map[string]string{}
	for ; ; time.Sleep(time.Second) {
		for _, manifest := range changed(directory, applied) {
			if err := apply(manifest.content); err != nil {
				if complaint := err.Error(); complaints[manifest.path] != complaint {
					complaints[manifest.path] = complaint
					log.Printf("%s could not be applied, and is tried again every second: %v", manifest.path, err)
				}
				continue
			}
			_, again := applied[manifest.path]
			applied[manifest.path] = manifest.content
			delete(complaints, manifest.path)
			log.Printf("applied %s", manifest.path)
			if filepath.Base(manifest.path) == "coredns.yaml" && !again {
				log.Print("Cluster dns configmap has been set")
			}
		}
	}
}

type manifest struct {
	path    string
	content []byte
}

// changed gives the manifests that are not as they were applied, in the order of their names. It compares the content,
// since k3d writes with a time stamp of its own.
func changed(directory string, applied map[string][]byte) []manifest {
	var result []manifest
	paths, _ := filepath.Glob(filepath.Join(directory, "*.yaml")) // fails for a malformed pattern only
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err == nil && !bytes.Equal(content, applied[path]) { // one that is gone meanwhile is no longer of interest
			result = append(result, manifest{path, content})
		}
	}
	return result
}

// apply lets the API server merge, as a field manager of its own, so that what others added to an object stays.
func apply(manifest []byte) error {
	command := exec.Command("kubectl", "--kubeconfig="+adminKubeconfig, "apply", "--server-side", "--force-conflicts", "--field-manager=node", "-f", "-")
	command.Stdin = bytes.NewReader(manifest)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(output))
	}
	return nil
}
