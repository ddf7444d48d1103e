using System.Text.Json.Serialization;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Npgsql;

namespace Mallgram.Benchmarks;

/// <summary>The ceilings: a minimal API that reads the same row with Npgsql, and static JSON. Nothing of Mallgram but its pool settings.</summary>
internal static partial class BareServer
{
    private const string Query =
        """
        select p.id, p.slug, p.name, p.description, p.brand, p.image_url, p.images, l.price, l.currency, l.in_stock, p.review_count, p.updated_at
        from catalog.products p join catalog.listings l on l.store_id = p.store_id and l.product_id = p.id and l.is_primary
        where p.store_id = $1 and p.id = $2
        """;

    private static readonly LocalOutboxSignal Signal = new();

    private const string ListQuery =
        """
        select p.id, p.slug, p.name, p.description, p.brand, p.image_url, p.images, l.price, l.currency, l.in_stock, p.review_count, p.updated_at
        from (
            select store_id, product_id, price, currency, in_stock, created_at from catalog.listings
            where store_id = $1 and currency = 'ZAR' and is_primary order by created_at desc, product_id desc limit 24
        ) l join catalog.products p on p.store_id = l.store_id and p.id = l.product_id
        where p.store_id = $1 order by l.created_at desc, l.product_id desc
        """;

    public static async Task RunAsync(string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.AddServerHeader = false);
        builder.Services.ConfigureHttpJsonOptions(o => o.SerializerOptions.TypeInfoResolverChain.Insert(0, BareJson.Default));
        var source = Pools.Create(builder.Configuration["Database"]!, "bare");
        var store = Guid.Parse(builder.Configuration["Store"]!);
        var json = builder.Configuration["StaticJson"] is { } file ? await File.ReadAllBytesAsync(file) : "{}"u8.ToArray();
        var app = builder.Build();
        app.MapGet("/bare/{id:guid}", async (Guid id, CancellationToken ct) => await ReadAsync(source, store, id, ct) is { } product
            ? Results.Ok(product)
            : Results.NotFound());
        app.MapGet("/bare-list", (CancellationToken ct) => ListAsync(source, store, ct));
        if (builder.Configuration["Walled"] is { } walled)
        {
            // The same reads as the services make them: as a login that row-level security binds, the store in the same round trip.
            var walledSource = new AppDataSource(Pools.Create(walled, "walled"));
            app.MapGet("/walled/{id:guid}", async (Guid id, CancellationToken ct) =>
            {
                await using var answer = await Database(walledSource, store).QueryAsync(ct, Sql.Command(Query, Sql.Uuid(store), Sql.Uuid(id)));
                return await answer.Rows.ReadAsync(ct) ? Results.Ok(Read(answer.Rows)) : Results.NotFound();
            });
            app.MapGet("/walled-list", async (CancellationToken ct) =>
            {
                await using var answer = await Database(walledSource, store).QueryAsync(ct, Sql.Command(ListQuery, Sql.Uuid(store)));
                return await AllAsync(answer.Rows, ct);
            });
        }

        app.MapGet("/static", (HttpContext http) =>
        {
            http.Response.ContentType = "application/json; charset=utf-8";
            http.Response.ContentLength = json.Length;
            return http.Response.Body.WriteAsync(json, http.RequestAborted).AsTask();
        });
        await app.RunAsync();
    }

    private static async Task<BareProduct?> ReadAsync(NpgsqlDataSource source, Guid store, Guid id, CancellationToken ct)
    {
        await using var command = source.CreateCommand(Query);
        command.Parameters.Add(Sql.Uuid(store));
        command.Parameters.Add(Sql.Uuid(id));
        await using var rows = await command.ExecuteReaderAsync(ct);
        return await rows.ReadAsync(ct) ? Read(rows) : null;
    }

    private static async Task<List<BareProduct>> ListAsync(NpgsqlDataSource source, Guid store, CancellationToken ct)
    {
        await using var command = source.CreateCommand(ListQuery);
        command.Parameters.Add(Sql.Uuid(store));
        await using var rows = await command.ExecuteReaderAsync(ct);
        return await AllAsync(rows, ct);
    }

    private static async Task<List<BareProduct>> AllAsync(NpgsqlDataReader rows, CancellationToken ct)
    {
        var products = new List<BareProduct>();
        while (await rows.ReadAsync(ct))
        {
            products.Add(Read(rows));
        }

        return products;
    }

    private static StoreDatabase Database(AppDataSource source, Guid store)
    {
        var scope = new StoreScope();
        scope.Set(store);
        return new StoreDatabase(source, scope, Signal);
    }

    private static BareProduct Read(NpgsqlDataReader rows) => new(
        rows.GetGuid(0), rows.GetString(1), rows.GetString(2), rows.IsDBNull(3) ? null : rows.GetString(3),
        rows.IsDBNull(4) ? null : rows.GetString(4), rows.IsDBNull(5) ? null : rows.GetString(5), rows.GetFieldValue<string[]>(6),
        rows.GetInt64(7), rows.GetString(8), rows.GetBoolean(9), rows.GetInt32(10), rows.GetDateTime(11));

    internal sealed record BareProduct(
        Guid Id, string Slug, string Name, string? Description, string? Brand, string? ImageUrl, string[] Images, long Price, string Currency,
        bool InStock, int ReviewCount, DateTime UpdatedAt);

    [JsonSerializable(typeof(BareProduct))]
    [JsonSerializable(typeof(List<BareProduct>))]
    private sealed partial class BareJson : JsonSerializerContext;
}
