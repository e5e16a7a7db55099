#!/bin/sh
# Run once by the image of PostgreSQL, when it makes its data folder.
set -eu
psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 --quiet \
    --set owner_password="$KEMBAR_OWNER_PASSWORD" --set serving_password="$KEMBAR_SERVING_PASSWORD" \
    --file /docker-entrypoint-initdb.d/roles/roles.sql
