#!/bin/sh
# A mail server for the tests: aiosmtpd takes mail by SMTP with STARTTLS into a
# Maildir, and Dovecot (2.3 or 2.4) serves it by IMAP. All is in one folder, with
# a certificate made for the run; it ends with this script's process group.
#
#   serve.sh FOLDER SMTP_PORT IMAP_PORT IMAPS_PORT USER PASSWORD
set -eu
dir=$1 smtp=$2 imap=$3 imaps=$4 user=$5 password=$6
PATH=$PATH:/usr/sbin:/sbin
for p in dovecot openssl setpriv; do
	command -v $p >/dev/null || { echo "$p is missing; make test installs what the tests need (Debian: dovecot-imapd openssl util-linux)" >&2; exit 1; }
done
/usr/bin/python3 -c 'import aiosmtpd' || { echo 'aiosmtpd is missing; make test installs what the tests need (Debian: python3-aiosmtpd)' >&2; exit 1; }

if [ "$(id -u)" = 0 ]; then # neither should run as root
	me=nobody group=nogroup as='setpriv --reuid=nobody --regid=nogroup --clear-groups'
else
	me=$(id -un) group=$(id -gn) as=
fi
mkdir -p "$dir/run" "$dir/home"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$dir/key.pem" -out "$dir/cert.pem" -days 2 \
	-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost 2>/dev/null
printf '%s:{PLAIN}%s\n' "$user" "$password" >"$dir/users"

case $(dovecot --version) in
2.[0-3].*) cat <<END ;;
ssl_cert = <$dir/cert.pem
ssl_key = <$dir/key.pem
mail_location = maildir:$dir/mail
passdb {
  driver = passwd-file
  args = $dir/users
}
userdb {
  driver = static
  args = uid=$me gid=$group home=$dir/home
}
END
*) cat <<END ;;
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
ssl_server_cert_file = $dir/cert.pem
ssl_server_key_file = $dir/key.pem
mail_driver = maildir
mail_path = $dir/mail
mail_home = $dir/home
mail_uid = $me
mail_gid = $group
passdb passwd-file {
  passwd_file_path = $dir/users
}
userdb static {
}
END
esac >"$dir/part.conf"
{
	sed -n '/^dovecot_/p' "$dir/part.conf"
	cat <<END
base_dir = $dir/run
state_dir = $dir/run
log_path = /dev/stderr
protocols = imap
listen = 127.0.0.1
default_internal_user = $me
default_internal_group = $group
default_login_user = $me
ssl = required
auth_mechanisms = plain
service imap-login {
  chroot =
  inet_listener imap {
    port = $imap
  }
  inet_listener imaps {
    port = $imaps
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
service auth {
  user = $me
  unix_listener auth-userdb {
    user = $me
    mode = 0600
  }
}
service auth-worker {
  user = $me
}
END
	sed '/^dovecot_/d' "$dir/part.conf"
} >"$dir/dovecot.conf"

[ "$(id -u)" != 0 ] || chown -R $me:$group "$dir"
$as /usr/bin/python3 -m aiosmtpd -n -l "127.0.0.1:$smtp" --tlscert "$dir/cert.pem" --tlskey "$dir/key.pem" -c aiosmtpd.handlers.Mailbox "$dir/mail" &
exec $as dovecot -F -c "$dir/dovecot.conf"
