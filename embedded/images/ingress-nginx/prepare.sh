# Creates the commands that the controller calls, and the directories to which it and nginx write.
set -e
# The controller calls nginx, test, diff, and sh with pgrep and wc; wait-shutdown calls `bash -c "pkill ..."`.
for applet in sh bash cat ls ps wc test diff pgrep pkill; do
    busybox ln -s busybox "/usr/bin/$applet"
done
busybox ln -s ../sbin/nginx /usr/bin/nginx
# The template names modules in this directory. Debian's links and sites are not those of the controller.
busybox rm -rf /etc/nginx/modules /etc/nginx/modules-enabled /etc/nginx/sites-available /etc/nginx/sites-enabled
busybox ln -s /usr/lib/nginx/modules /etc/nginx/modules
for name in ssl auth geoip telemetry; do
    busybox mkdir -p "/etc/ingress-controller/$name"
done
busybox mkdir -p /var/log/nginx /var/lib/nginx /tmp/nginx
busybox ln -sf /dev/stdout /var/log/nginx/access.log
busybox ln -sf /dev/stderr /var/log/nginx/error.log
# Files of a Go module are read-only.
busybox chmod -R u=rwX,go=rX /etc/nginx
busybox chown -R www-data:www-data /etc/nginx /etc/ingress-controller /var/log/nginx /var/lib/nginx /tmp/nginx
busybox chmod 1777 /tmp
busybox rm /prepare.sh
