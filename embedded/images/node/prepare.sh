# The links that a package manager, or an installation of Kubernetes, would have made.
set -e
# Everything a shell needs, which nothing but k3d's scripts and people do. /bin/sh has to be busybox: where Docker uses
# cgroup v2 k3d starts the node by a script that calls `busybox xargs` and `trap … SIGTERM`, which dash refuses.
/bin/busybox --install -s
# The program links the flavour of iptables that suits the machine, but k3d's script for K3D_FIX_DNS runs before it.
for program in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
    ln -sf xtables-nft-multi "/usr/sbin/$program"
done
for program in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl kubeadm; do
    ln -s hyperkube "/usr/bin/$program"
done
mkdir -p -m 1777 /tmp
rm /prepare.sh
