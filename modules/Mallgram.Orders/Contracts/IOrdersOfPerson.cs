using Mallgram.Kernel.Privacy;

namespace Mallgram.Orders.Contracts;

/// <summary>Which orders of the scope's store are a person's, for modules that keep something about orders.</summary>
public interface IOrdersOfPerson
{
    /// <summary>As committed: an erasure under way does not show.</summary>
    Task<Guid[]> FindAsync(DataSubject person, CancellationToken ct);
}
