namespace Mallgram.Catalog.Contracts;

/// <summary>What used to be left out may be wanted now: who remembers why an item was left out should look at it again.</summary>
/// <param name="SkipReasonPrefix">Beginning of the <see cref="SkipReasons"/> that may no longer hold.</param>
public sealed record FiltersChanged(string SkipReasonPrefix)
{
    /// <summary>Type of the outbox event. Stored; never rename.</summary>
    public const string EventType = "catalog.filters_changed";
}
