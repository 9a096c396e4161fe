# Creates the links that a package manager or an installation of Kubernetes would create.
set -e
# A shell and its commands; only k3d's scripts and users need them. /bin/sh must be busybox: if Docker uses cgroup v2,
# k3d starts the node with a script that calls `busybox xargs` and `trap … SIGTERM`, which dash rejects.
/bin/busybox --install -s
# The program node links the variant of iptables that suits the machine, but k3d's script for K3D_FIX_DNS runs earlier.
for program in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
    ln -sf xtables-nft-multi "/usr/sbin/$program"
done
for program in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl kubeadm; do
    ln -s hyperkube "/usr/bin/$program"
done
# The kubelet of Kubernetes 1.33 and newer looks up the user for user namespaces.
echo root:x:0:0:root:/root:/bin/sh > /etc/passwd
# Istio's CNI plug-in is installed into the directory that is usual elsewhere.
mkdir -p /opt/cni
ln -s /usr/lib/cni /opt/cni/bin
mkdir -p -m 1777 /tmp
rm /prepare.sh
