#!/bin/bash
# A site on nginx, PHP-FPM and MariaDB, with an application that leaks. $1: number of workers.
set -e
cp /srv/guest/leak.php /srv/www/
echo 'static page' > /srv/www/static.html
printf 'ffi.enable=1\n' > /etc/php/8.2/fpm/conf.d/99-vm.ini
sed -i "s/^pm = .*/pm = static/; s/^pm.max_children = .*/pm.max_children = $1/" /etc/php/8.2/fpm/pool.d/www.conf
chmod +x /opt/stanch/bin/stanch
ln -sf /opt/stanch/bin/stanch /usr/local/bin/stanch
systemctl restart php8.2-fpm
