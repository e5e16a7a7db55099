-- Two roles instead of a superuser: one owns the tables and migrates them, the other serves, which
-- may add to the audit trail and change nothing of it. `migrate --grant kembar_serving` sees to that.
--   psql -v owner_password=… -v serving_password=… -f roles.sql
CREATE ROLE kembar_serving LOGIN PASSWORD :'serving_password';
CREATE ROLE kembar_owner LOGIN PASSWORD :'owner_password' IN ROLE kembar_serving;

CREATE DATABASE kembar_gateway OWNER kembar_owner;
CREATE DATABASE kembar_waste OWNER kembar_owner;
CREATE DATABASE kembar_water OWNER kembar_owner;
CREATE DATABASE kembar_air OWNER kembar_owner;

REVOKE ALL ON DATABASE kembar_gateway, kembar_waste, kembar_water, kembar_air FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE kembar_gateway, kembar_waste, kembar_water, kembar_air TO kembar_serving;
