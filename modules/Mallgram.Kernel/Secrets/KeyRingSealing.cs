using System.Xml.Linq;
using Mallgram.Kernel.Persistence;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Mallgram.Kernel.Secrets;

/// <summary>
/// At start, seals with the current master key what is stored in clear or sealed with a former one. A key that was ever stored in clear may
/// be in a backup, so a new one follows it, which is used once every process knows it.
/// </summary>
internal sealed partial class KeyRingSealing(
    AppDataSource app, MasterKeys keys, IKeyManager ring, IHostEnvironment environment, TimeProvider clock, ILogger<KeyRingSealing> logger)
    : IHostedLifecycleService
{
    /// <summary>Processes read the ring at least once in this time: how Data Protection itself spaces a key and its use.</summary>
    private static readonly TimeSpan Propagation = TimeSpan.FromDays(2);

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(90);

    private static readonly XNamespace Ns = "http://schemas.asp.net/2015/03/dataProtection";

    public Task StartingAsync(CancellationToken cancellationToken) => SealAsync(cancellationToken);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <exception cref="InvalidOperationException">In Production, a stored key was sealed with a master key that is not configured.</exception>
    private async Task SealAsync(CancellationToken ct)
    {
        await using var connection = await app.Source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var rows = new List<(string Name, XElement Xml)>();
        await using (var read = new NpgsqlCommand(
            "select pg_advisory_xact_lock(hashtext('kernel.data_protection_keys')); select friendly_name, xml from kernel.data_protection_keys",
            connection, transaction))
        await using (var reader = await read.ExecuteReaderAsync(ct))
        {
            await reader.NextResultAsync(ct);
            while (await reader.ReadAsync(ct))
            {
                rows.Add((reader.GetString(0), XElement.Parse(reader.GetString(1))));
            }
        }

        var unknown = rows.SelectMany(r => Sealed(r.Xml)).Select(s => (string?)s.Attribute("key") ?? "").Where(id => !keys.Knows(id)).Distinct().ToList();
        if (unknown.Count > 0)
        {
            var message = "Keys in the database are sealed with master key " + string.Join(", ", unknown)
                + ", which is neither Secrets:MasterKey nor in Secrets:OldMasterKeys.";
            if (environment.IsProduction())
            {
                throw new InvalidOperationException(message + " Without it nothing that was sealed can be opened.");
            }

            LogUnknown(message);
        }

        if (keys.CurrentId is not { } current)
        {
            return;
        }

        var wasInClear = false;
        foreach (var (name, xml) in rows)
        {
            if (Reseal(xml, current, ref wasInClear))
            {
                await using var write = new NpgsqlCommand(
                    "update kernel.data_protection_keys set xml = $2 where friendly_name = $1", connection, transaction);
                write.Parameters.Add(Sql.Text(name));
                write.Parameters.Add(Sql.Text(xml.ToString(SaveOptions.DisableFormatting)));
                await write.ExecuteNonQueryAsync(ct);
                LogSealed(name, current);
            }
        }

        await transaction.CommitAsync(ct);
        if (wasInClear)
        {
            var now = clock.GetUtcNow();
            ring.CreateNewKey(now + Propagation, now + Propagation + Lifetime);
        }
    }

    private bool Reseal(XElement xml, string current, ref bool wasInClear)
    {
        var changed = false;
        foreach (var secret in xml.DescendantsAndSelf().Where(e => (string?)e.Attribute(Ns + "requiresEncryption") == "true").ToList())
        {
            secret.ReplaceWith(new XElement(
                Ns + "encryptedSecret",
                new XAttribute("decryptorType", typeof(MasterKeyXmlDecryptor).AssemblyQualifiedName!),
                keys.Seal(secret)));
            changed = wasInClear = true;
        }

        foreach (var old in Sealed(xml).Where(s => (string?)s.Attribute("key") is { } id && id != current && keys.Knows(id)).ToList())
        {
            old.ReplaceWith(keys.Seal(keys.Open(old)));
            changed = true;
        }

        return changed;
    }

    private static IEnumerable<XElement> Sealed(XElement xml) => xml.Descendants(Ns + "encryptedSecret").Elements("sealed");

    [LoggerMessage(LogLevel.Information, "Key {Name} of the database is sealed with master key {MasterKey} now")]
    private partial void LogSealed(string name, string masterKey);

    [LoggerMessage(LogLevel.Warning, "{Problem}")]
    private partial void LogUnknown(string problem);
}
