using System.Security.Cryptography;
using System.Text;

namespace Pipeline.Query.Infrastructure.Warehouse;

/// <summary>The statements that make the reading role. They change nothing where all is as it should be.</summary>
internal static class ReaderRoleSql
{
    /// <summary>Makes the role, or gives it its password where it has another.</summary>
    public static string Role(string role, string password) => $"""
        DO $do$
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
                CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD '{password}';
            ELSIF shobj_description((SELECT oid FROM pg_roles WHERE rolname = '{role}'), 'pg_authid') IS DISTINCT FROM '{Mark(password)}' THEN
                ALTER ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD '{password}';
            ELSE
                RETURN;
            END IF;
            ALTER ROLE {role} SET default_transaction_read_only = on;
            COMMENT ON ROLE {role} IS '{Mark(password)}';
            IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
                ALTER ROLE {role} SET temp_file_limit = '1GB';
            END IF;
        END
        $do$
        """;

    /// <summary>Lets the role read what the owner has, and what it will make.</summary>
    public static string Grants(string role) => $"""
        DO $do$
        DECLARE
            v_name text;
        BEGIN
            FOR v_name IN
                SELECT quote_ident(nspname) FROM pg_namespace
                WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND pg_has_role(nspowner, 'USAGE') AND NOT has_schema_privilege('{role}', oid, 'USAGE')
            LOOP
                EXECUTE format('GRANT USAGE ON SCHEMA %s TO {role}', v_name);
            END LOOP;
            FOR v_name IN
                SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                    AND pg_has_role(c.relowner, 'USAGE') AND NOT has_table_privilege('{role}', c.oid, 'SELECT')
            LOOP
                EXECUTE format('GRANT SELECT ON TABLE %s TO {role}', v_name);
            END LOOP;
            IF NOT EXISTS (
                SELECT FROM pg_default_acl d, aclexplode(d.defaclacl) a
                WHERE d.defaclrole = current_user::regrole AND d.defaclnamespace = 0 AND d.defaclobjtype = 'n' AND a.grantee = '{role}'::regrole) THEN
                ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO {role};
                ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {role};
            END IF;
        END
        $do$
        """;

    // Tells a later process that the role has the password of its configuration, and tells nothing of the password.
    private static string Mark(string password) =>
        "reads for SQL of people, " + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("mark/" + password)))[..16];
}
