package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// volumeDirectory is the directory in which k3s stores the PersistentVolumes of local-path. It is on the volume that
// outlives the container.
const volumeDirectory = dataDirectory + "/storage"

// linkVolumeDirectory makes the controller manager store its PersistentVolumes in volumeDirectory too. The path of its
// host-path provisioner is fixed, so a symbolic link redirects it.
func linkVolumeDirectory() error {
	const fixed = "/tmp/hostpath_pv"
	for _, directory := range []string{volumeDirectory, filepath.Dir(fixed)} {
		if err := os.MkdirAll(directory, 0o777); err != nil {
			return fmt.Errorf("the directory of PersistentVolumes could not be created: %w", err)
		}
	}
	if err := os.Symlink(volumeDirectory, fixed); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("the link to the directory of PersistentVolumes could not be created: %w", err)
	}
	return nil
}

// volumeOpener gives all users write permission for each PersistentVolume that is created after it, as the provisioner
// of k3s does. The controller manager's provisioner creates volumes that only root can write to, and for volumes of
// this kind Kubernetes ignores the fsGroup of a pod: a notebook, which does not run as root, could not start. The
// permission is set only once for each volume, because a pod may change it afterwards.
type volumeOpener struct {
	directory string
	known     map[string]bool
}

func newVolumeOpener(directory string) *volumeOpener {
	opener := &volumeOpener{directory, map[string]bool{}}
	for _, name := range opener.names() {
		opener.known[name] = true
	}
	return opener
}

// names returns the names of the existing volumes.
func (o *volumeOpener) names() []string {
	var names []string
	entries, _ := os.ReadDir(o.directory) // linkVolumeDirectory has created the directory
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// open sets the permission of the volumes that are new since the last call.
func (o *volumeOpener) open() {
	for _, name := range o.names() {
		if o.known[name] {
			continue
		}
		o.known[name] = true
		if err := os.Chmod(filepath.Join(o.directory, name), 0o777); err != nil {
			log.Printf("a PersistentVolume could not be made writable for all users: %v", err)
		}
	}
}

// run checks for new volumes and never returns. The interval is short, because a pod starts about a second after its
// volume is created.
func (o *volumeOpener) run() {
	for ; ; time.Sleep(50 * time.Millisecond) {
		o.open()
	}
}

// volumesPath is the path of the PersistentVolumes, and storageClass the class of manifests/local-storage.yaml.
const (
	volumesPath  = "/api/v1/persistentvolumes"
	storageClass = "local-path"
)

// bindVolumes binds each PersistentVolume to the node whose disk has it. The controller manager's provisioner assumes a
// cluster of one node; without this, a pod that moves to another node would find an empty volume there. It checks for
// new volumes every second and never returns.
func (c *apiClient) bindVolumes(node string) {
	for ; ; time.Sleep(time.Second) {
		c.bindNewVolumes(node)
	}
}

func (c *apiClient) bindNewVolumes(node string) {
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Spec     struct {
				StorageClassName string
				NodeAffinity     object
			}
		}
	}
	if json.Unmarshal(c.do(http.MethodGet, volumesPath+"?resourceVersion=0", ""), &list) != nil {
		return
	}
	for _, volume := range list.Items {
		if volume.Spec.StorageClassName == storageClass && volume.Spec.NodeAffinity == nil {
			c.do(http.MethodPatch, volumesPath+"/"+volume.Metadata.Name, fmt.Sprintf(
				`{"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [`+
					`{"key": "kubernetes.io/hostname", "operator": "In", "values": [%q]}]}]}}}}`, node))
		}
	}
}
