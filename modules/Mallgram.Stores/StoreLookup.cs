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

    private const string Columns = "select s.id, s.slug, s.name, s.currency, s.country, s.language, s.email_from from stores.stores s ";

    public ValueTask<Store?> FindBySlugAsync(string slug, CancellationToken ct) =>
        FindAsync(("slug", slug), Columns + "where s.slug = $1", Sql.Text(slug), ct);

    public ValueTask<Store?> FindByHostAsync(string host, CancellationToken ct) =>
        FindAsync(("host", host), Columns + "join stores.domains d on d.store_id = s.id where d.host = lower($1)", Sql.Text(host), ct);

    public async ValueTask<Store> GetAsync(Guid id, CancellationToken ct) =>
        await FindAsync(("id", id), Columns + "where s.id = $1", Sql.Uuid(id), ct) ?? throw new InvalidOperationException($"There is no store {id}.");

    private async ValueTask<Store?> FindAsync(object key, string sql, NpgsqlParameter parameter, CancellationToken ct)
    {
        if (_cache.TryGetValue(key, out Store? known))
        {
            return known;
        }

        await using var command = app.Source.CreateCommand(sql);
        command.Parameters.Add(parameter);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var store = await reader.ReadAsync(ct)
            ? new Store(
                reader.GetGuid(0), reader.GetString(1), reader.GetString(2), Currency.Of(reader.GetString(3)),
                reader.GetString(4), reader.GetString(5), reader.GetString(6))
            : null;
        return _cache.Set(key, store, new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = Fresh, Size = 1 });
    }

    public void Dispose() => _cache.Dispose();
}
