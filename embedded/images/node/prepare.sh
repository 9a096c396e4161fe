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
mkdir -p -m 1777 /tmp
rm /prepare.sh
