using System.Runtime.InteropServices;

namespace Pipeline.EventLog.Kafka.Native;

/// <summary>Texts of the library.</summary>
internal static unsafe class NativeText
{
    public const int ErrorSize = 512;

    public static string? Of(byte* text) => Marshal.PtrToStringUTF8((nint)text);

    /// <summary>Takes over an <c>rd_kafka_error_t</c>: its code and text; code 0 where there is none.</summary>
    public static (int Code, string Text) TakeError(nint error)
    {
        if (error == 0)
            return (0, "");
        var result = (NativeMethods.rd_kafka_error_code(error), Of(NativeMethods.rd_kafka_error_string(error)) ?? "");
        NativeMethods.rd_kafka_error_destroy(error);
        return result;
    }
}
