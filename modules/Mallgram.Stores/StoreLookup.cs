using Mallgram.Kernel;
using Mallgram.Kernel.Persistence;
using Mallgram.Stores.Contracts;
using Microsoft.Extensions.Caching.Memory;
using Npgsql;

namespace Mallgram.Stores;

internal sealed class StoreLookup(AppDataSource app) : IStores, IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    // Unknown names are kept too, so that a host without a store costs no query a request. Names come from strangers, hence the limit:
    // when it is full, new ones are simply not kept.
    private readonly MemoryCache _cache = new(new MemoryCacheOptions { SizeLimit = 20_000 });

    public ValueTask<Store?> FindBySlugAsync(string slug, CancellationToken ct) => FindAsync("slug", slug, ct);

    public ValueTask<Store?> FindByHostAsync(string host, CancellationToken ct) => FindAsync("host", host, ct);

    public async ValueTask<Store> GetAsync(Guid id, CancellationToken ct) =>
        await FindAsync("id", id.ToString(), ct) ?? throw new InvalidOperationException($"There is no store {id}.");

    /// <summary>Makes a change count at once in this process; the others follow within five seconds.</summary>
    public void Forget() => _cache.Clear();

    private async ValueTask<Store?> FindAsync(string by, string value, CancellationToken ct)
    {
        if (_cache.TryGetValue((by, value), out Store? known))
        {
            return known;
        }

        await using var command = app.Source.CreateCommand("select * from stores.find($1, $2)");
        command.Parameters.Add(Sql.Text(by));
        command.Parameters.Add(Sql.Text(value));
        await using var reader = await command.ExecuteReaderAsync(ct);
        var store = await reader.ReadAsync(ct) ? Read(reader) : null;
        return _cache.Set((by, value), store, new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = Fresh, Size = 1 });
    }

    private static Store Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetString(1), row.GetString(2), Currency.Of(row.GetString(3)), row.GetString(4), row.GetString(5), row.GetString(6))
    {
        Status = row.GetString(7) switch
        {
            "active" => StoreStatus.Active,
            "suspended" => StoreStatus.Suspended,
            _ => StoreStatus.Closing,
        },
        Limits = new StoreLimits(Int(row, 8), Int(row, 9), row.IsDBNull(10) ? null : row.GetInt64(10), row.GetInt32(11), row.GetInt32(12)),
        Look = StoreLook.Default with
        {
            Primary = row.TextOrNull(13) ?? StoreLook.Default.Primary,
            OnPrimary = row.TextOrNull(14) ?? StoreLook.Default.OnPrimary,
            LogoFileId = row.IsDBNull(15) ? null : row.GetGuid(15),
            FooterEnglish = row.TextOrNull(16),
            FooterFrench = row.TextOrNull(17),
            FrontEnd = row.TextOrNull(18),
        },
        PaymentMethods = row.IsDBNull(19) ? null : row.GetFieldValue<string[]>(19),
    };

    private static int? Int(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt32(column);

    public void Dispose() => _cache.Dispose();
}
