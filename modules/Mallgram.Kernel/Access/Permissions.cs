namespace Mallgram.Kernel.Access;

/// <summary>What staff roles and API keys are allowed, as scopes. Stored in API keys; never rename.</summary>
public static class Permissions
{
    public const string ProductsRead = "products:read";

    /// <summary>Products, categories, brands, tags, attributes, collections, search words, imports.</summary>
    public const string ProductsWrite = "products:write";

    public const string StockWrite = "stock:write";

    /// <summary>Prices, price rules, markets, exchange rates.</summary>
    public const string PricesWrite = "prices:write";

    /// <summary>Supplier search, syncs, quality filters, supplier categories.</summary>
    public const string SourcingWrite = "sourcing:write";

    public const string FilesWrite = "files:write";

    public const string OrdersRead = "orders:read";

    public const string OrdersWrite = "orders:write";

    public const string PaymentsRead = "payments:read";

    public const string RefundsWrite = "refunds:write";

    public const string CustomersRead = "customers:read";

    /// <summary>Disable, export and erase customers.</summary>
    public const string CustomersWrite = "customers:write";

    public const string StaffRead = "staff:read";

    /// <summary>Invite, change roles, remove.</summary>
    public const string StaffWrite = "staff:write";

    public const string ApiKeysWrite = "api_keys:write";

    public const string StoreRead = "store:read";

    /// <summary>Settings, domains, theme, sign-in providers.</summary>
    public const string StoreWrite = "store:write";

    public const string JobsRead = "jobs:read";

    public const string JobsRun = "jobs:run";

    public const string AuditRead = "audit:read";

    /// <summary>Health with its parts.</summary>
    public const string HealthRead = "health:read";

    /// <summary>All of them, in the order people see them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        ProductsRead, ProductsWrite, StockWrite, PricesWrite, SourcingWrite, FilesWrite, OrdersRead, OrdersWrite, PaymentsRead, RefundsWrite,
        CustomersRead, CustomersWrite, StaffRead, StaffWrite, ApiKeysWrite, StoreRead, StoreWrite, JobsRead, JobsRun, AuditRead, HealthRead,
    ];
}
