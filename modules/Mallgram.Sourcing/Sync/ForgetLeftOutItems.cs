using Mallgram.Catalog.Contracts;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;

namespace Mallgram.Sourcing.Sync;

/// <summary>Items that a filter left out are read again by the next run, although the feed shows them unchanged.</summary>
internal sealed class ForgetLeftOutItems(StoreDatabase database) : IOutboxHandler
{
    public static string Type => FiltersChanged.EventType;

    public static string Effect => "sourcing.forget_left_out_items";

    public Task HandleAsync(OutboxMessage message, CancellationToken ct) => database.ExecuteAsync(ct, Sql.Command(
        "delete from sourcing.feed_items where starts_with(skip_reason, $1)", Sql.Text(message.Read<FiltersChanged>().SkipReasonPrefix)));
}

/// <summary>An item whose product a person gave back to the supplier is read again by the next run.</summary>
internal sealed class ForgetUnlockedItem(StoreDatabase database) : IOutboxHandler
{
    public static string Type => CatalogEvents.ProductUnlocked;

    public static string Effect => "sourcing.forget_unlocked_item";

    public Task HandleAsync(OutboxMessage message, CancellationToken ct)
    {
        var product = message.Read<ProductUnlocked>();
        return database.ExecuteAsync(ct, SyncRuns.Forget(product.Supplier, [product.ExternalId]));
    }
}
