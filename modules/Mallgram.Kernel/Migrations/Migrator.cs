using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Mallgram.Kernel.Persistence;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Mallgram.Kernel.Migrations;

/// <summary>An assembly that embeds <c>YYYYMMDDHHMM_what.sql</c> files. One a module.</summary>
public sealed record MigrationSource(Assembly Assembly);

/// <summary>Data written after the schema is current, safe to run at every start.</summary>
public interface ISeed
{
    Task SeedAsync(NpgsqlConnection connection, CancellationToken ct);
}

/// <summary>What <c>migrate</c> needs beyond the modules' files.</summary>
/// <param name="AdministratorConnectionString">A role that may create roles and the database; only <c>migrate</c> ever gets it.</param>
/// <param name="AppPassword">Password of the login <c>&lt;database&gt;_app_login</c>; null leaves logins alone (a DBA made them).</param>
/// <param name="PlatformPassword">Password of the login <c>&lt;database&gt;_platform_login</c>.</param>
public sealed record MigratorOptions(string AdministratorConnectionString, string? AppPassword, string? PlatformPassword);

/// <summary>A migration file is misnamed, was edited after it ran, or is older than one that ran.</summary>
public sealed class MigrationException(string message) : Exception(message);

/// <summary>
/// Creates the database and roles when missing, then applies every module's SQL files in name order, each in a transaction, as
/// <c>mallgram_owner</c>, under an advisory lock, recorded with a checksum. An applied file that changed is an error.
/// </summary>
public sealed partial class Migrator(IEnumerable<MigrationSource> sources, IEnumerable<ISeed> seeds, ILogger<Migrator> logger)
{
    private const long LockId = 0x4d414c4c4752414d; // "MALLGRAM"
    private const string QuartzSchema = "Quartz.Impl.AdoJobStore.Schema.create_postgres.sql";

    /// <summary>Brings the database up to date. Waits up to a minute for the server to accept connections.</summary>
    /// <returns>Names of the files applied now.</returns>
    /// <exception cref="MigrationException">See there; nothing after the offending file was applied.</exception>
    public async Task<IReadOnlyList<string>> MigrateAsync(MigratorOptions options, CancellationToken ct)
    {
        var files = ReadFiles();
        var target = new NpgsqlConnectionStringBuilder(options.AdministratorConnectionString) { Pooling = false, Enlist = false };
        await CreateDatabaseAsync(target, ct);
        await using var connection = new NpgsqlConnection(target.ConnectionString);
        await connection.OpenAsync(ct);
        await ExecuteAsync(connection, $"select pg_advisory_lock({LockId})", ct);
        await CreateRolesAsync(connection, target.Database!, options, ct);
        await ExecuteAsync(connection, "set role mallgram_owner", ct);
        await ExecuteAsync(
            connection,
            """
            create schema if not exists kernel;
            grant usage on schema kernel to mallgram_app, mallgram_platform;
            create table if not exists kernel.schema_migrations (
                name text primary key, checksum text not null, applied_at timestamptz not null default now());
            """,
            ct);
        var applied = await ApplyAsync(connection, files, ct);
        await CreateQuartzTablesAsync(connection, ct);
        foreach (var seed in seeds)
        {
            await seed.SeedAsync(connection, ct);
        }

        return applied;
    }

    private async Task CreateDatabaseAsync(NpgsqlConnectionStringBuilder target, CancellationToken ct)
    {
        var maintenance = new NpgsqlConnectionStringBuilder(target.ConnectionString) { Database = "postgres" };
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var connection = new NpgsqlConnection(maintenance.ConnectionString);
                await connection.OpenAsync(ct);
                await using var exists = new NpgsqlCommand("select 1 from pg_database where datname = $1", connection);
                exists.Parameters.Add(Sql.Text(target.Database));
                if (await exists.ExecuteScalarAsync(ct) is null)
                {
                    // Template 0 with an explicit encoding: the cluster's locale may be anything.
                    await ExecuteAsync(connection, $"create database {Quote(target.Database!)} encoding 'UTF8' template template0", ct);
                    LogDatabaseCreated(target.Database!);
                }

                return;
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation)
            {
                // Another migrate made it meanwhile; at the very same moment the server reports it as a violated unique index.
                return;
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InvalidCatalogName or PostgresErrorCodes.InsufficientPrivilege)
            {
                // No access to the maintenance database: a DBA made ours, or the next step says that it is missing.
                return;
            }
            catch (NpgsqlException e) when (attempt < 60 && e is not PostgresException { SqlState: not PostgresErrorCodes.CannotConnectNow })
            {
                LogWaiting(attempt);
                await Task.Delay(TimeSpan.FromSeconds(1), ct);
            }
        }
    }

    private static async Task CreateRolesAsync(NpgsqlConnection connection, string database, MigratorOptions options, CancellationToken ct)
    {
        var statements = new List<string>
        {
            CreateRole("mallgram_owner", "nologin"),
            CreateRole("mallgram_app", "nologin"),
            CreateRole("mallgram_platform", "nologin"),
            CreateRole("mallgram_store_reader", "nologin"),
            // Granting needs the admin option, which a role set up by a DBA may lack: only when it is not a member yet.
            "do $$ begin if not pg_has_role(current_user, 'mallgram_owner', 'member') then grant mallgram_owner to current_user; end if; end $$",
            $"grant create, connect, temporary on database {Quote(database)} to mallgram_owner",
            $"grant connect, temporary on database {Quote(database)} to mallgram_app, mallgram_platform",
            "grant usage, create on schema public to mallgram_owner",
        };
        foreach (var (suffix, group, password) in new[] { ("_app_login", "mallgram_app", options.AppPassword), ("_platform_login", "mallgram_platform", options.PlatformPassword) })
        {
            if (password is null)
            {
                continue;
            }

            var login = Quote(database + suffix);
            statements.Add(CreateRole(database + suffix, "login"));
            statements.Add($"alter role {login} with login nosuperuser password {Literal(password)}");
            statements.Add($"grant {group} to {login}");
        }

        try
        {
            foreach (var statement in statements)
            {
                await ExecuteAsync(connection, statement, ct);
            }
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InsufficientPrivilege)
        {
            var migrating = Quote(new NpgsqlConnectionStringBuilder(options.AdministratorConnectionString).Username ?? "");
            var forDba = string.Join(
                ";\n",
                statements.Where(s => !s.Contains(" password ", StringComparison.Ordinal) && !s.Contains("to current_user", StringComparison.Ordinal))
                    .Append($"grant mallgram_owner to {migrating}"));
            throw new MigrationException(
                $"The administrator role may not create roles ({e.MessageText}). Have a DBA run this once, set passwords for the two logins, and run migrate "
                + $"without Database:AppPassword and Database:PlatformPassword:\n{forDba};");
        }
    }

    private async Task<List<string>> ApplyAsync(NpgsqlConnection connection, List<(string Name, string Text, string Checksum)> files, CancellationToken ct)
    {
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        await using (var command = new NpgsqlCommand("select name, checksum from kernel.schema_migrations", connection))
        await using (var reader = await command.ExecuteReaderAsync(ct))
        {
            while (await reader.ReadAsync(ct))
            {
                known.Add(reader.GetString(0), reader.GetString(1));
            }
        }

        var newest = known.Keys.Max(StringComparer.Ordinal);
        var applied = new List<string>();
        foreach (var (name, text, checksum) in files)
        {
            if (known.TryGetValue(name, out var before))
            {
                if (before != checksum)
                {
                    throw new MigrationException($"Migration {name} was applied and has changed since. Restore it and add a new file instead.");
                }

                continue;
            }

            if (newest is not null && string.CompareOrdinal(name, newest) < 0)
            {
                throw new MigrationException($"Migration {name} is older than {newest}, which is applied. Give it a later time.");
            }

            await using var transaction = await connection.BeginTransactionAsync(ct);
            try
            {
                await ExecuteAsync(connection, text, ct);
            }
            catch (PostgresException e)
            {
                throw new MigrationException($"Migration {name} failed at position {e.Position}: {e.MessageText}");
            }

            await using var record = new NpgsqlCommand("insert into kernel.schema_migrations (name, checksum) values ($1, $2)", connection, transaction);
            record.Parameters.Add(Sql.Text(name));
            record.Parameters.Add(Sql.Text(checksum));
            await record.ExecuteNonQueryAsync(ct);
            await transaction.CommitAsync(ct);
            applied.Add(name);
            LogApplied(name);
        }

        return applied;
    }

    private static async Task CreateQuartzTablesAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var assembly = typeof(Quartz.IScheduler).Assembly;
        await using var stream = assembly.GetManifestResourceStream(QuartzSchema)
            ?? throw new MigrationException($"This version of Quartz does not embed {QuartzSchema}.");
        using var reader = new StreamReader(stream);
        var script = await reader.ReadToEndAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await ExecuteAsync(connection, "create schema if not exists quartz", ct);
        // The script creates only what is missing. {0} is the table prefix, {1} the same without the schema, for names of indexes.
        await ExecuteAsync(
            connection,
            script.Replace("{0}", "quartz.qrtz_", StringComparison.Ordinal).Replace("{1}", "qrtz_", StringComparison.Ordinal),
            ct);
        await ExecuteAsync(
            connection,
            """
            grant usage on schema quartz to mallgram_platform;
            grant select, insert, update, delete on all tables in schema quartz to mallgram_platform;
            """,
            ct);
        await transaction.CommitAsync(ct);
    }

    private List<(string Name, string Text, string Checksum)> ReadFiles()
    {
        var files = new List<(string Name, string Text, string Checksum)>();
        foreach (var assembly in sources.Select(s => s.Assembly).Distinct())
        {
            foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.EndsWith(".sql", StringComparison.Ordinal)))
            {
                if (!FileName().IsMatch(resource))
                {
                    throw new MigrationException($"{resource} in {assembly.GetName().Name} is not named YYYYMMDDHHMM_what.sql.");
                }

                using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
                // Line ends differ between checkouts; the checksum must not.
                var text = reader.ReadToEnd().ReplaceLineEndings("\n");
                files.Add((resource, text, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))));
            }
        }

        files.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return files;
    }

    private static string CreateRole(string name, string attribute) =>
        // Roles belong to the cluster: a neighbour database may be migrating at the same moment.
        $"do $$ begin if not exists (select from pg_roles where rolname = {Literal(name)}) then create role {Quote(name)} {attribute}; end if; "
        + "exception when duplicate_object or unique_violation then null; end $$";

    private static string Quote(string identifier) => "\"" + identifier.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    private static string Literal(string text) => "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }

    [GeneratedRegex("^[0-9]{12}_[a-z0-9_]+\\.sql$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FileName();

    [LoggerMessage(LogLevel.Information, "Applied migration {Name}")]
    private partial void LogApplied(string name);

    [LoggerMessage(LogLevel.Information, "Created database {Database}")]
    private partial void LogDatabaseCreated(string database);

    [LoggerMessage(LogLevel.Information, "The database server does not accept connections yet (attempt {Attempt})")]
    private partial void LogWaiting(int attempt);
}
