# Creates the commands that the controller's scripts call, and the directories to which the controller writes.
set -e
for applet in sh cat cp cut; do
    busybox ln -s busybox "/usr/bin/$applet"
done
busybox chmod a+x /start.sh /haproxy-reload.sh /haproxy-shutdown.sh
# Files of a Go module are read-only, but start.sh needs writable copies of these.
busybox chmod -R u=rwX,go=rX /etc/lua
busybox mkdir -p /var/run/haproxy /var/lib/haproxy
busybox chown -R haproxy:haproxy /var/run/haproxy /var/lib/haproxy /etc/haproxy
busybox mkdir -m 1777 /tmp
busybox rm /prepare.sh
