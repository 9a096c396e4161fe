# Creates the commands by which pilot-agent redirects the traffic of a pod; Debian makes them when it installs iptables.
set -e
for program in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
    busybox ln -sf xtables-nft-multi "/usr/sbin/$program"
done
busybox rm /prepare.sh
