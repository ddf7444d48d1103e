using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;

namespace Mallgram.Catalog.Products;

/// <summary>For whom products are read. Everything that is cached has all of it in its key.</summary>
/// <param name="Language"><c>en</c> or <c>fr</c>.</param>
/// <param name="Currency">The store's own; ISO 4217.</param>
internal readonly record struct Shop(Guid StoreId, string Language, string Currency)
{
    public bool French => Language == "fr";

    public static Shop Of(CurrentStore store, StoreScope scope) => new(store.Store.Id, scope.Language, store.Store.Currency.Code);
}
