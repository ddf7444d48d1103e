using System.Globalization;
using System.Text.Json.Serialization;

namespace Mallgram.Kernel;

/// <summary>An amount in minor units of one currency. Never floating point; arithmetic is checked and never mixes currencies.</summary>
/// <param name="Amount">Minor units: <c>129900</c> is R 1 299,00; <c>15000</c> XAF is 15 000 francs.</param>
/// <param name="Currency">ISO 4217 code.</param>
[JsonConverter(typeof(MoneyJsonConverter))]
public readonly record struct Money(long Amount, Currency Currency)
{
    /// <exception cref="ArgumentException">Unknown currency code.</exception>
    public static Money Of(long amountMinor, string currency) => new(amountMinor, Currency.Of(currency));

    public static Money Zero(Currency currency) => new(0, currency);

    /// <exception cref="CurrencyMismatchException">The currencies differ.</exception>
    /// <exception cref="OverflowException">The sum does not fit 64 bits.</exception>
    public static Money operator +(Money left, Money right) => new(checked(left.Amount + Same(left, right).Amount), left.Currency);

    /// <inheritdoc cref="op_Addition" />
    public static Money operator -(Money left, Money right) => new(checked(left.Amount - Same(left, right).Amount), left.Currency);

    /// <exception cref="OverflowException">The product does not fit 64 bits.</exception>
    public static Money operator *(Money money, int quantity) => new(checked(money.Amount * quantity), money.Currency);

    public static Money Add(Money left, Money right) => left + right;

    public static Money Subtract(Money left, Money right) => left - right;

    public static Money Multiply(Money money, int quantity) => money * quantity;

    /// <summary>Parses a provider's decimal text in major units (<c>"12.50"</c>) exactly.</summary>
    /// <returns>Null when the text is no plain decimal number or has more decimals than the currency.</returns>
    public static Money? TryParseMajor(string? text, Currency currency)
    {
        if (!decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var major))
        {
            return null;
        }

        try
        {
            var minor = checked(major * currency.MinorPerMajor);
            return minor == decimal.Truncate(minor) && minor is >= long.MinValue and <= long.MaxValue
                ? new Money((long)minor, currency)
                : null;
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    /// <summary>Major units as invariant decimal text with exactly the currency's decimals: <c>"1299.00"</c>, <c>"15000"</c>.</summary>
    public string ToMajorText() =>
        ((decimal)Amount / Currency.MinorPerMajor).ToString("F" + Currency.Exponent.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    /// <summary>Converts by a rate (units of <paramref name="to"/> for one unit of this currency), rounding half away from zero once.</summary>
    /// <exception cref="OverflowException">The result does not fit 64 bits.</exception>
    public Money Convert(decimal rate, Currency to)
    {
        var minor = (decimal)Amount / Currency.MinorPerMajor * rate * to.MinorPerMajor;
        return new Money(checked((long)decimal.Round(minor, 0, MidpointRounding.AwayFromZero)), to);
    }

    /// <summary>For people; see <see cref="Currency.Format"/>.</summary>
    public override string ToString() => Currency.Format(Amount);

    private static Money Same(Money left, Money right) =>
        left.Currency == right.Currency ? right : throw new CurrencyMismatchException(left.Currency, right.Currency);
}

/// <summary>Two amounts of different currencies met in one sum. XAF and XOF differ too, though they trade at par.</summary>
public sealed class CurrencyMismatchException(Currency left, Currency right)
    : InvalidOperationException($"Cannot combine {left.Code} with {right.Code}: convert first, naming the rate.");
