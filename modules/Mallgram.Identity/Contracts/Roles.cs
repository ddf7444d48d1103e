namespace Mallgram.Identity.Contracts;

/// <summary>What a person may do in a store. Stored and written into tokens; never rename.</summary>
public static class Roles
{
    public const string Owner = "owner";
    public const string Admin = "admin";
    public const string Manager = "manager";
    public const string Moderator = "moderator";
    public const string Support = "support";
    public const string Fulfilment = "fulfilment";
    public const string Affiliate = "affiliate";
    public const string Customer = "customer";
}

/// <summary>Names for <c>RequireAuthorization</c>.</summary>
public static class Policies
{
    /// <summary>
    /// People who work for the store, from owner to fulfilment, and the store's API keys; not affiliates, not customers. Only a first gate:
    /// what they may do is asked by <c>RequirePermission</c>.
    /// </summary>
    public const string Staff = "staff";
}
