using Mallgram.Kernel.Persistence;
using Mallgram.Sourcing.Alibaba;
using Mallgram.Sourcing.AliExpress;
using Mallgram.Stores.Contracts;

namespace Mallgram.Sourcing;

/// <summary>A store of sourced goods starts with both suppliers; others choose none, some or all later.</summary>
internal sealed class StoreSuppliers : IStoreSeed
{
    public async Task SeedAsync(StoreTransaction transaction, NewStore store, CancellationToken ct)
    {
        if (store.Preset == StorePresets.Mallgram)
        {
            await transaction.ExecuteAsync(ct, Sql.Command(
                "insert into sourcing.supplier_accounts (store_id, supplier, enabled) select $1, s, true from unnest($2) s",
                Sql.Uuid(store.Id), Sql.Texts([AliExpressSupplier.SupplierCode, AlibabaSupplier.SupplierCode])));
        }
    }
}
