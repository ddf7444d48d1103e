using Mallgram.Benchmarks.Data;
using Mallgram.Benchmarks.Load;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;

namespace Mallgram.Benchmarks.Cases;

/// <summary>
/// What row-level security and sending the store along cost. Two endpoints of the API that read PostgreSQL for each request, against the same
/// program on a copy of the database without policies, where each table of stores is a view that names the store, and none is sent along.
/// And, without a target, two endpoints that do nothing but read: nothing in them hides what a round trip costs.
/// </summary>
internal static class Isolation
{
    private const double Least = 0.90;

    // What the JIT made of it differs by some percent from one start of the same program to the next.
    private const int Starts = 3;

    private const string TakeWallsDown =
        """
        do $$
        declare
            t record;
        begin
            for t in select n.nspname, c.relname, pg_get_userbyid(c.relowner) as owner
                from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace where p.polname = 'store_rows' loop
                execute format('alter table %I.%I disable row level security, no force row level security', t.nspname, t.relname);
                execute format('alter table %I.%I rename to %I', t.nspname, t.relname, t.relname || '_rows');
                execute format('create view %I.%I as select * from %I.%I where store_id = %L', t.nspname, t.relname, t.nspname,
                    t.relname || '_rows', 'STORE');
                execute format('alter view %I.%I owner to %I', t.nspname, t.relname, t.owner);
                execute format('grant select, insert, update, delete on %I.%I to mallgram_app, mallgram_platform', t.nspname, t.relname);
            end loop;
        end $$;
        create or replace function kernel.current_store() returns uuid language sql immutable parallel safe as $$ select 'STORE'::uuid $$
        """;

    public static async Task RunAsync(Bench bench)
    {
        var shop = await bench.ShopAsync();
        var id = await ProductDetail.ProductAsync(bench, shop);
        await using (await ProductDetail.ApiAsync(shop, cache: false))
        {
            // The first start makes the key that signs addresses of pictures; both are to have the same.
        }

        var open = await bench.CopyAsync(shop);
        await open.ExecuteAsync(TakeWallsDown.Replace("STORE", BenchDatabase.Store.ToString(), StringComparison.Ordinal));
        var (product, list) = (new Comparison(bench.PostgresId), new Comparison(bench.PostgresId));
        for (var start = 0; start < Starts; start++)
        {
            await using var walled = await ProductDetail.ApiAsync(shop, cache: false);
            await using var unwalled = await ProductDetail.ApiAsync(open, cache: false, "serve-api-unwalled");
            await AddAsync(bench, product, ProductDetail.On(walled, id), ProductDetail.On(unwalled, id));
            await AddAsync(bench, list, new Target(walled, "/api/v1/products?limit=24"), new Target(unwalled, "/api/v1/products?limit=24"));
        }

        bench.Report.Add(product.Line("isolation, product page", Least));
        bench.Report.Add(list.Line("isolation, list of 24", Least));
        await open.DropAsync();
        var (bareProduct, bareList) = (new Comparison(bench.PostgresId), new Comparison(bench.PostgresId));
        await using var server = await ProductDetail.BareAsync(shop);
        await AddAsync(bench, bareProduct, new Target(server, $"/walled/{id}"), new Target(server, $"/bare/{id}"));
        await AddAsync(bench, bareList, new Target(server, "/walled-list"), new Target(server, "/bare-list"));
        bench.Report.Add(bareProduct.Line("isolation, bare product", least: null));
        bench.Report.Add(bareList.Line("isolation, bare list of 24", least: null));
    }

    /// <summary>Many short pairs: a few percent are looked for, and long ones have more of the machine's noise.</summary>
    private static async Task AddAsync(Bench bench, Comparison comparison, Target ours, Target ceiling)
    {
        using var http = new HttpClient();
        if (await http.GetStringAsync(ours.Address) != await http.GetStringAsync(ceiling.Address))
        {
            throw new InvalidOperationException($"{ours.Path} answers something else without walls.");
        }

        await comparison.AddAsync(ours, ceiling, bench.Options.Pairs, bench.Options.Slice, bench.Options.Slice / Starts);
    }

    /// <summary>The role <c>serve-api-unwalled</c>: statements are sent without their store.</summary>
    public static void SendNoStore(WebApplicationBuilder builder) => builder.Services.AddScoped(services => new StoreDatabase(
        services.GetRequiredService<AppDataSource>(), new StoreScope(), services.GetRequiredService<IOutboxSignal>()));
}
